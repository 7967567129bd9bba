"""Demand: what is known of accounts, products and pairs at a moment, the same for training and serving."""
