"""The quality of predictions: opponents judged on a real shop's history, by `make quality`."""
