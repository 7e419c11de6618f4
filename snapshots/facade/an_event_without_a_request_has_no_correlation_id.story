Scenario: An event without a request has no correlation id

Given no request

When the pool manager spawns an engine
  pool-managerd | spawn | GPU0 | -
      Spawning engine llamacpp-v1 for pool 'default' on GPU0

Then every event is narrated with:
