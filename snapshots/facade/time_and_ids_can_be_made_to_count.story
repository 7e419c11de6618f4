Scenario: Time and ids can be made to count

When a clock that counts is bound
  pool-managerd | spawn | GPU0 | c1
      Spawning engine llamacpp-v1 for pool 'default' on GPU0
  pool-managerd | spawn | GPU0 | c2
      Spawning engine llamacpp-v1 for pool 'default' on GPU0

Then an event is narrated with:

And an event is narrated with:
