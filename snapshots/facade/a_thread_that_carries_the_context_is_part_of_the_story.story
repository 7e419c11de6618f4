Scenario: A thread that carries the context is part of the story

When work goes on in a thread that carries the context
  pool-managerd | spawn | GPU0 | c1
      Spawning engine llamacpp-v1 for pool 'default' on GPU0
      cute: Waking llamacpp-v1 up on its cosy GPU0
      story: "Ready?" asked pool-managerd. "Ready," said llamacpp-v1.

Then every event carries the correlation id "req-thread"

And no event lost its context
