Scenario: A malformed id is replaced, and the fact is narrated

Given a client that sends the correlation id "<script>alert(1)"

When the client asks the orchestrator for an engine
  orchestratord | correlation_refused | request | c1 j1 | warn
      Refused a malformed correlation id; made a new one
  orchestratord | admission | session-9 | c1 j1
      Accepted request j1 at queue position 0
  pool-managerd | spawn | GPU0 | c1 j1
      Spawning engine llamacpp-v1 for pool 'default' on GPU0
      cute: Waking llamacpp-v1 up on its cosy GPU0
      story: "Ready?" asked pool-managerd. "Ready," said llamacpp-v1.
  pool-managerd | ready | GPU0 | c1 j1
      Engine llamacpp-v1 is ready on GPU0

Then "orchestratord" narrates "correlation_refused" with:

And every event carries one and the same correlation id

And the narration does not include "<script>alert(1)"
