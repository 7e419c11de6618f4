Scenario: What is logged through logging is in the story, its fields kept

When a program logs through logging with the correlation id "req-logging"
  shelves | log | bridges | c1 | warn
      7 shelves are empty

Then an event is narrated with:
