"""Trainings on a Dask cluster: what the service asks of it, what the training process sends, and what a worker does."""
