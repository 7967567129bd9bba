"""One training, from rows to a version on disk. Runs in the spawned training process."""
