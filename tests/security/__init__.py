"""`make security`: attacks on a running system, what each got, and whether that is what it should get."""
