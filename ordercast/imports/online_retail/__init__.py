"""Reading a shop's history in the shape of UCI Online Retail (Chen, 2015), row by row: pure, no network.

`rows` (what stands in the file) -> `clean` (a line of an order, or a reason why not) -> `invoices` (the lines that belong
together) -> `simulated_views` (views that such orders could have had).
"""
