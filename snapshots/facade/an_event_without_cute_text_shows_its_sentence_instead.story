Scenario: An event without cute text shows its sentence instead

When the pool manager says "Draining pool default"
  pool-managerd | say | operator | -
      Draining pool default

Then the console shows:
