Scenario: A secret never reaches the narration

When the pool manager says "Writing to jane.doe@models.example about it"
  pool-managerd | say | operator | -
      Writing to [REDACTED] about it

Then the narration never tells "jane.doe@models.example"

And the narration includes "[REDACTED]"
