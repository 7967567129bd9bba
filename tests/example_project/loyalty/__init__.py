"""Loyalty points for the customers of a shop that runs on Ordercast."""
