"""The service's work: the job table, who works on which training, and what is told of it. Runs in the service's process."""
