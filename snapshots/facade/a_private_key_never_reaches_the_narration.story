Scenario: A private key never reaches the narration

When the pool manager passes on a private key
  pool-managerd | call | worker | -
      Sending [REDACTED]

Then the narration includes "[REDACTED]"

And the narration tells no secret
