Scenario: The JSON line carries everything in a fixed order

When the pool manager spawns an engine
  pool-managerd | spawn | GPU0 | -
      Spawning engine llamacpp-v1 for pool 'default' on GPU0
      cute: Waking llamacpp-v1 up on its cosy GPU0
      story: "Ready?" asked pool-managerd. "Ready," said llamacpp-v1.

Then the JSON line begins with time, level, actor, action, target and human

And the event says who emitted it and when

And the same fields are there in the JSON line that was narrated
