Scenario: A secret never reaches the narration

When the pool manager says "Calling with Bearer k3yMadeUpForTests0123456789abcdef"
  pool-managerd | say | operator | -
      Calling with Bearer [REDACTED]

Then the narration never tells "k3yMadeUpForTests"

And the narration includes "[REDACTED]"
