"""Made-up customers, orders and views: how they are made, and how they are sent. `market` is a shop's year."""
