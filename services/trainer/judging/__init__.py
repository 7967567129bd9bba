"""Judging: scores, opponents that are hard to beat, and the verdict of the gate."""
