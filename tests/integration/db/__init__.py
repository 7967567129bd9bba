"""What services share of PostgreSQL, on a real one."""
