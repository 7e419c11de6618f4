Scenario: What is logged through structlog is in the story, its fields kept

When a program logs through structlog with the correlation id "req-structlog"
  shelves | log | shelves | c1 | warn
      7 shelves are empty

Then an event is narrated with:
