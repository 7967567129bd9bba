"""What the stores hold, read out of PostgreSQL and Kafka: exports and events."""
