Scenario: Spawning an engine is one sentence and its fields

Given no request

When the pool manager spawns an engine
  pool-managerd | spawn | GPU0 | -
      Spawning engine llamacpp-v1 for pool 'default' on GPU0

Then the narration includes "Spawning engine llamacpp-v1 for pool 'default' on GPU0"

And "pool-managerd" narrates "spawn" with:
