Scenario: There is no GPU, and nobody allowed the CPU

Given a fleet in which things go wrong

When a user asks it for the GPU
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
      No ready replica fits: asking the pool manager for haiku on the gpu
  orchestratord | call | POST 127.0.0.1:<port>/v1/pools/gpu/replicas | c1 j1
      Calling POST 127.0.0.1:<port>/v1/pools/gpu/replicas
  pool-managerd | request | POST /v1/pools/gpu/replicas | c1 j1
      Serving POST /v1/pools/gpu/replicas
  pool-managerd | ask | engine-provisioner | c1 j1
      Asking engine-provisioner for an engine for the gpu
  pool-managerd | call | POST 127.0.0.1:<port>/v1/engines | c1 j1
      Calling POST 127.0.0.1:<port>/v1/engines
  engine-provisioner | request | POST /v1/engines | c1 j1
      Serving POST /v1/engines
  engine-provisioner | preflight | llama.cpp | c1 j1
      Looking whether llama.cpp can compute on the gpu
  engine-provisioner | preflight | gpu | c1 j1 | warn: no_gpu
      Found no GPU that llama.cpp can use
  engine-provisioner | process_end | python | c1 j1
      Process python ended well after <duration>
  engine-provisioner | preflight | llama.cpp | c1 j1
      Looked at the gpu: no engine
  engine-provisioner | engine_refuse | gpu | c1 j1 | warn: no_gpu
      Refused an engine: no GPU was found, and the CPU was not asked for by name
  engine-provisioner | answer | POST /v1/engines | c1 j1
      Answered POST /v1/engines with 409 after <duration>
  pool-managerd | call | POST 127.0.0.1:<port>/v1/engines | c1 j1
      POST 127.0.0.1:<port>/v1/engines answered 409 after <duration>
  pool-managerd | ask | engine-provisioner | c1 j1
      Asked engine-provisioner: no GPU was found, and the CPU was not asked for by name
  pool-managerd | spill_over | haiku | c1 j1 | warn: no_gpu
      Did not place haiku on the CPU instead: it was asked for on a GPU
  pool-managerd | place_refuse | haiku | c1 j1 | warn: no_gpu
      Did not place haiku on the gpu: no GPU was found, and the CPU was not asked for by name
  pool-managerd | answer | POST /v1/pools/gpu/replicas | c1 j1
      Answered POST /v1/pools/gpu/replicas with 409 after <duration>
  orchestratord | call | POST 127.0.0.1:<port>/v1/pools/gpu/replicas | c1 j1
      POST 127.0.0.1:<port>/v1/pools/gpu/replicas answered 409 after <duration>
  orchestratord | finish | j1 | c1 j1 | error: no_gpu
      Gave the task up: no GPU was found, and the CPU was not asked for by name
  orchestratord | request | GET /v1/tasks/j1/events | c1
      Serving GET /v1/tasks/j1/events
  orchestratord | answer | GET /v1/tasks/j1/events | c1
      Answered GET /v1/tasks/j1/events with 200 after <duration>

Then the user is told "NO_GPU"

And "pool-managerd" narrates "spill_over" with:

And "orchestratord" narrates "finish" with:
