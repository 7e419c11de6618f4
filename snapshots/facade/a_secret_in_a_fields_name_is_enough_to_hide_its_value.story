Scenario: A secret in a field's name is enough to hide its value

When the pool manager passes on the field "identity" with "Bearer k3yMadeUpForTests0123456789abcdef"
  pool-managerd | call | worker | -
      Calling the worker

Then the narration never tells "k3yMadeUpForTests0123456789abcdef"
