Scenario: session-abc123 is stuck

Given five requests that went well, "req-a0" and on
  gateway | request | /v1/generate | c1 j1
      Taking in a request of s1
  orchestratord | admission | j1 | c1 j1
      Accepted request j1 at queue position 0
  pool-managerd | engine_prepare | llamacpp-v1 | c1 j1
      Preparing engine llamacpp-v1
  provisioner | engine_build | llamacpp-v1 | c1 j1
      Building engine llamacpp-v1 for cuda
  provisioner | engine_build | llamacpp-v1 | c1 j1
      Finished: Building engine llamacpp-v1 for cuda
  pool-managerd | engine_prepare | llamacpp-v1 | c1 j1
      Finished: Preparing engine llamacpp-v1
  gateway | request | /v1/generate | c1 j1
      Finished: Taking in a request of s1
  gateway | request | /v1/generate | c2 j2
      Taking in a request of s1
  orchestratord | admission | j2 | c2 j2
      Accepted request j2 at queue position 0
  pool-managerd | engine_prepare | llamacpp-v1 | c2 j2
      Preparing engine llamacpp-v1
  provisioner | engine_build | llamacpp-v1 | c2 j2
      Building engine llamacpp-v1 for cuda
  provisioner | engine_build | llamacpp-v1 | c2 j2
      Finished: Building engine llamacpp-v1 for cuda
  pool-managerd | engine_prepare | llamacpp-v1 | c2 j2
      Finished: Preparing engine llamacpp-v1
  gateway | request | /v1/generate | c2 j2
      Finished: Taking in a request of s1
  gateway | request | /v1/generate | c3 j3
      Taking in a request of s1
  orchestratord | admission | j3 | c3 j3
      Accepted request j3 at queue position 0
  pool-managerd | engine_prepare | llamacpp-v1 | c3 j3
      Preparing engine llamacpp-v1
  provisioner | engine_build | llamacpp-v1 | c3 j3
      Building engine llamacpp-v1 for cuda
  provisioner | engine_build | llamacpp-v1 | c3 j3
      Finished: Building engine llamacpp-v1 for cuda
  pool-managerd | engine_prepare | llamacpp-v1 | c3 j3
      Finished: Preparing engine llamacpp-v1
  gateway | request | /v1/generate | c3 j3
      Finished: Taking in a request of s1
  gateway | request | /v1/generate | c4 j4
      Taking in a request of s1
  orchestratord | admission | j4 | c4 j4
      Accepted request j4 at queue position 0
  pool-managerd | engine_prepare | llamacpp-v1 | c4 j4
      Preparing engine llamacpp-v1
  provisioner | engine_build | llamacpp-v1 | c4 j4
      Building engine llamacpp-v1 for cuda
  provisioner | engine_build | llamacpp-v1 | c4 j4
      Finished: Building engine llamacpp-v1 for cuda
  pool-managerd | engine_prepare | llamacpp-v1 | c4 j4
      Finished: Preparing engine llamacpp-v1
  gateway | request | /v1/generate | c4 j4
      Finished: Taking in a request of s1
  gateway | request | /v1/generate | c5 j5
      Taking in a request of s1
  orchestratord | admission | j5 | c5 j5
      Accepted request j5 at queue position 0
  pool-managerd | engine_prepare | llamacpp-v1 | c5 j5
      Preparing engine llamacpp-v1
  provisioner | engine_build | llamacpp-v1 | c5 j5
      Building engine llamacpp-v1 for cuda
  provisioner | engine_build | llamacpp-v1 | c5 j5
      Finished: Building engine llamacpp-v1 for cuda
  pool-managerd | engine_prepare | llamacpp-v1 | c5 j5
      Finished: Preparing engine llamacpp-v1
  gateway | request | /v1/generate | c5 j5
      Finished: Taking in a request of s1

And the request "req-a" of session-abc123, whose engine is still being built
  gateway | request | /v1/generate | c6 j6
      Taking in a request of s2
  orchestratord | admission | j6 | c6 j6
      Accepted request j6 at queue position 0
  pool-managerd | engine_prepare | llamacpp-v1 | c6 j6
      Preparing engine llamacpp-v1
  provisioner | engine_build | llamacpp-v1 | c6 j6
      Building engine llamacpp-v1 for cuda
  gateway | health | self | -
      Answered a health check
  pool-managerd | health | self | -
      Answered a health check

When somebody asks why "session-abc123"

Then the answer begins with:
