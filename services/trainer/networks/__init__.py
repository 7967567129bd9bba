"""The ensemble's networks: numbers in, numbers out. Runs in the training process and in the workers of a cluster."""
