Scenario: Spawning an engine is one sentence and its fields

Given no request

When the pool manager spawns an engine
  pool-managerd | spawn | GPU0 | -
      Spawning engine llamacpp-v1 for pool 'default' on GPU0
      cute: Waking llamacpp-v1 up on its cosy GPU0
      story: "Ready?" asked pool-managerd. "Ready," said llamacpp-v1.

Then the narration includes "Spawning engine llamacpp-v1 for pool 'default' on GPU0"

And "pool-managerd" narrates "spawn" with:
