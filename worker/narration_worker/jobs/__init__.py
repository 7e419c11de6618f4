"""Jobs: accepting, queueing, running and cancelling them, and publishing their outcome."""
