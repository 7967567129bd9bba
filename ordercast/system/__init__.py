"""The running system that a command talks to: where it answers, and as whom."""
