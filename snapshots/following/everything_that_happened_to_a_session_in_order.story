Scenario: Everything that happened to a session, in order

Given the request "req-b" of session-abc123, whose engine is still being built
  gateway | request | /v1/generate | c1 j1
      Taking in a request of s1
  orchestratord | admission | j1 | c1 j1
      Accepted request j1 at queue position 0
  pool-managerd | engine_prepare | llamacpp-v1 | c1 j1
      Preparing engine llamacpp-v1
  provisioner | engine_build | llamacpp-v1 | c1 j1
      Building engine llamacpp-v1 for cuda
  gateway | health | self | -
      Answered a health check
  pool-managerd | health | self | -
      Answered a health check

When somebody asks for the story of "session-abc123"

Then the answer is:
