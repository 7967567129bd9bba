"""A simulated shop over a year: what is true of it, what happened in it, and how well anybody could have known."""
