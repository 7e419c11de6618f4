"""What tests, steps and benchmarks share."""
