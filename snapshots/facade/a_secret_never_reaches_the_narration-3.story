Scenario: A secret never reaches the narration

When the pool manager says "Fetching https://reader:sw0rdfish@models.example/a"
  pool-managerd | say | operator | -
      Fetching https://reader:[REDACTED]@models.example/a

Then the narration never tells "sw0rdfish"

And the narration includes "[REDACTED]"
