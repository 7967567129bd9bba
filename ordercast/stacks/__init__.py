"""Whole systems for tests: as processes of this machine, or as Docker containers."""
