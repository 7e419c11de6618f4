Scenario: The console shows the sentence, or the cute or story text

When the pool manager spawns an engine
  pool-managerd | spawn | GPU0 | -
      Spawning engine llamacpp-v1 for pool 'default' on GPU0

Then the console shows:
