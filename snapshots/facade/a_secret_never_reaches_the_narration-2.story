Scenario: A secret never reaches the narration

When the pool manager says "Starting with password=correct-horse-battery"
  pool-managerd | say | operator | -
      Starting with password=[REDACTED]

Then the narration never tells "correct-horse-battery"

And the narration includes "[REDACTED]"
