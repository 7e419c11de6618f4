"""Jobs: accepting, queueing, running, cancelling, and the outcome that each client is told."""
