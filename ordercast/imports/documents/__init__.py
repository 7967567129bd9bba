"""What the API takes, made of rows: orders, views and products, each with the rows that it came from. Pure, no network."""
