"""Programs for those who build this repository; none of them is installed."""
