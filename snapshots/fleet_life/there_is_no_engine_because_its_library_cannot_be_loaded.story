Scenario: There is no engine, because its library cannot be loaded

Given a fleet whose engine cannot be loaded

When a user of it asks for a haiku
  orchestratord | admit | j1 | c1 j1
      Admitted the task at place 0, predicted to start in <duration>
  orchestratord | place | haiku | c1 j1
      No ready replica fits: asking the pool manager for haiku on cpu
  pool-managerd | ask | engine-provisioner | c1 j1
      Asking engine-provisioner for an engine for the cpu
  engine-provisioner | preflight | llama.cpp | c1 j1
      Looking whether llama.cpp can compute on the cpu
  engine-provisioner | preflight | llama-cpp-python | c1 j1 | error: FileNotFoundError
      Could not load llama-cpp-python: FileNotFoundError
  engine-provisioner | process_end | python | c1 j1 | error: exit_1
      Process python failed with exit code 1 after <duration>
  engine-provisioner | preflight | llama.cpp | c1 j1
      Looked at the cpu: no engine
  engine-provisioner | engine_refuse | cpu | c1 j1 | error: no_engine
      Refused an engine: llama.cpp cannot be used on the cpu (exit code 1)
  pool-managerd | ask | engine-provisioner | c1 j1
      Asked engine-provisioner: llama.cpp cannot be used on the cpu (exit code 1)
  pool-managerd | place_refuse | haiku | c1 j1 | error: no_engine
      Did not place haiku on the cpu: llama.cpp cannot be used on the cpu (exit code 1)
  orchestratord | finish | j1 | c1 j1 | error: no_engine
      Gave the task up: llama.cpp cannot be used on the cpu (exit code 1)

Then the user is told "NO_ENGINE"

And "engine-provisioner" narrates "preflight" with:

And "engine-provisioner" narrates "engine_refuse" with:

And "engine-provisioner" narrates "process_end" with:

And "pool-managerd" narrates "place_refuse" with:

And "orchestratord" narrates "finish" with:
