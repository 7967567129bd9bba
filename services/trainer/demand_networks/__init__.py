"""The networks of demand: features of many rows in, one question's heads out. They stand on the stacked network of `networks`."""
