Scenario: A made id is a UUID of version 4

When a new correlation id is made
  pool-managerd | spawn | GPU0 | c1
      Spawning engine llamacpp-v1 for pool 'default' on GPU0
      cute: Waking llamacpp-v1 up on its cosy GPU0
      story: "Ready?" asked pool-managerd. "Ready," said llamacpp-v1.

Then it is a UUID of version 4

And every event carries one and the same correlation id
