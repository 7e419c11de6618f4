Scenario: A thread that lost the context is not

When work goes on in a thread that lost the context
  pool-managerd | spawn | GPU0 | c1
      Spawning engine llamacpp-v1 for pool 'default' on GPU0
      cute: Waking llamacpp-v1 up on its cosy GPU0
      story: "Ready?" asked pool-managerd. "Ready," said llamacpp-v1.

Then every event carries the correlation id "req-lost"

And 1 event lost its context
