"""Trains models: the service with its `jobs`, the `training` process that it spawns, the `networks`, and Dask's `cluster`."""
