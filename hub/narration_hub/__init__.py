"""The hub: one place that shows what every process is doing."""
