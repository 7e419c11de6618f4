Scenario: Time and ids can be made to count

When a clock that counts is bound
  pool-managerd | spawn | GPU0 | c1
      Spawning engine llamacpp-v1 for pool 'default' on GPU0
      cute: Waking llamacpp-v1 up on its cosy GPU0
      story: "Ready?" asked pool-managerd. "Ready," said llamacpp-v1.
  pool-managerd | spawn | GPU0 | c2
      Spawning engine llamacpp-v1 for pool 'default' on GPU0
      cute: Waking llamacpp-v1 up on its cosy GPU0
      story: "Ready?" asked pool-managerd. "Ready," said llamacpp-v1.

Then an event is narrated with:

And an event is narrated with:
