Scenario: A request without an id gets a new one

Given a client that sends no correlation id

When the client asks the orchestrator for an engine
  orchestratord | admission | session-9 | c1 j1
      Accepted request j1 at queue position 0
  pool-managerd | spawn | GPU0 | c1 j1
      Spawning engine llamacpp-v1 for pool 'default' on GPU0
      cute: Waking llamacpp-v1 up on its cosy GPU0
      story: "Ready?" asked pool-managerd. "Ready," said llamacpp-v1.
  pool-managerd | ready | GPU0 | c1 j1
      Engine llamacpp-v1 is ready on GPU0

Then the answer carries the narrated correlation id

And every event carries one and the same correlation id
