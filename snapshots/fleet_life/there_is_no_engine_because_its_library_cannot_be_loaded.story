Scenario: There is no engine, because its library cannot be loaded

Given a fleet whose engine cannot be loaded

When a user of it asks for a haiku
  orchestratord | request | POST /v1/tasks | c1
      Serving POST /v1/tasks
  orchestratord | admit | j1 | c1 j1
      Admitted the task with 0 before it, predicted to start in <duration>
  orchestratord | answer | POST /v1/tasks | c1
      Answered POST /v1/tasks with 202 after <duration>
  orchestratord | call | GET 127.0.0.1:<port>/v1/models/haiku | c1 j1
      Calling GET 127.0.0.1:<port>/v1/models/haiku
  model-provisioner | request | GET /v1/models/haiku | c1 j1
      Serving GET /v1/models/haiku
  model-provisioner | answer | GET /v1/models/haiku | c1 j1
      Answered GET /v1/models/haiku with 200 after <duration>
  orchestratord | call | GET 127.0.0.1:<port>/v1/models/haiku | c1 j1
      GET 127.0.0.1:<port>/v1/models/haiku answered 200 after <duration>
  orchestratord | call | GET 127.0.0.1:<port>/v1/replicas | c1 j1
      Calling GET 127.0.0.1:<port>/v1/replicas
  pool-managerd | request | GET /v1/replicas | c1 j1
      Serving GET /v1/replicas
  pool-managerd | answer | GET /v1/replicas | c1 j1
      Answered GET /v1/replicas with 200 after <duration>
  orchestratord | call | GET 127.0.0.1:<port>/v1/replicas | c1 j1
      GET 127.0.0.1:<port>/v1/replicas answered 200 after <duration>
  orchestratord | place | haiku | c1 j1
      No ready replica fits: asking the pool manager for haiku on the cpu
  orchestratord | call | POST 127.0.0.1:<port>/v1/pools/cpu/replicas | c1 j1
      Calling POST 127.0.0.1:<port>/v1/pools/cpu/replicas
  pool-managerd | request | POST /v1/pools/cpu/replicas | c1 j1
      Serving POST /v1/pools/cpu/replicas
  pool-managerd | ask | engine-provisioner | c1 j1
      Asking engine-provisioner for an engine for the cpu
  pool-managerd | call | POST 127.0.0.1:<port>/v1/engines | c1 j1
      Calling POST 127.0.0.1:<port>/v1/engines
  engine-provisioner | request | POST /v1/engines | c1 j1
      Serving POST /v1/engines
  engine-provisioner | preflight | llama.cpp | c1 j1
      Looking whether llama.cpp can compute on the cpu
  engine-provisioner | preflight | llama-cpp-python | c1 j1 | error: FileNotFoundError
      Could not load llama-cpp-python: Shared library with base name 'llama' not found
  engine-provisioner | process_end | python | c1 j1 | error: exit_1
      Process python failed with exit code 1 after <duration>
  engine-provisioner | preflight | llama.cpp | c1 j1
      Looked at the cpu: no engine
  engine-provisioner | engine_refuse | cpu | c1 j1 | error: no_engine
      Refused an engine: llama.cpp cannot be used on the cpu (exit code 1)
  engine-provisioner | answer | POST /v1/engines | c1 j1 | warn: http_500
      Answered POST /v1/engines with 500 after <duration>
  pool-managerd | call | POST 127.0.0.1:<port>/v1/engines | c1 j1 | warn: http_500
      POST 127.0.0.1:<port>/v1/engines answered 500 after <duration>
  pool-managerd | ask | engine-provisioner | c1 j1
      Asked engine-provisioner: llama.cpp cannot be used on the cpu (exit code 1)
  pool-managerd | place_refuse | haiku | c1 j1 | error: no_engine
      Did not place haiku on the cpu: llama.cpp cannot be used on the cpu (exit code 1)
  pool-managerd | answer | POST /v1/pools/cpu/replicas | c1 j1 | warn: http_500
      Answered POST /v1/pools/cpu/replicas with 500 after <duration>
  orchestratord | call | POST 127.0.0.1:<port>/v1/pools/cpu/replicas | c1 j1 | warn: http_500
      POST 127.0.0.1:<port>/v1/pools/cpu/replicas answered 500 after <duration>
  orchestratord | finish | j1 | c1 j1 | error: no_engine
      Gave the task up: llama.cpp cannot be used on the cpu (exit code 1)
  orchestratord | request | GET /v1/tasks/j1/events | c1
      Serving GET /v1/tasks/j1/events
  orchestratord | answer | GET /v1/tasks/j1/events | c1
      Answered GET /v1/tasks/j1/events with 200 after <duration>

Then the user is told "NO_ENGINE"

And "engine-provisioner" narrates "preflight" with:

And "engine-provisioner" narrates "engine_refuse" with:

And "engine-provisioner" narrates "process_end" with:

And "pool-managerd" narrates "place_refuse" with:

And "orchestratord" narrates "finish" with:
