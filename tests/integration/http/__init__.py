"""What services share of HTTP, on a real database."""
