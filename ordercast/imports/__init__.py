"""A shop's history, read from its files and sent to the API."""
