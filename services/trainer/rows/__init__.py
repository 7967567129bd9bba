"""Rows to learn from and to be judged by: features at past moments, and what happened after."""
