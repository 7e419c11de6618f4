Scenario: A worker that keeps failing is given up

Given a fleet that gives a worker up at its first crash

When a user has a haiku, and its worker hangs
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
  engine-provisioner | preflight | cpu | c1 j1
      Found llama.cpp 0.3.36 for the cpu
  engine-provisioner | process_end | python | c1 j1
      Process python ended well after <duration>
  engine-provisioner | preflight | llama.cpp | c1 j1
      Looked at the cpu: an engine is ready
  engine-provisioner | answer | POST /v1/engines | c1 j1
      Answered POST /v1/engines with 200 after <duration>
  pool-managerd | call | POST 127.0.0.1:<port>/v1/engines | c1 j1
      POST 127.0.0.1:<port>/v1/engines answered 200 after <duration>
  pool-managerd | ask | engine-provisioner | c1 j1
      Asked engine-provisioner: it has it
  pool-managerd | ask | model-provisioner | c1 j1
      Asking model-provisioner for haiku
  pool-managerd | call | POST 127.0.0.1:<port>/v1/models/haiku/stage | c1 j1
      Calling POST 127.0.0.1:<port>/v1/models/haiku/stage
  model-provisioner | request | POST /v1/models/haiku/stage | c1 j1
      Serving POST /v1/models/haiku/stage
  model-provisioner | model_stage | haiku | c1 j1
      Checking and staging haiku
  model-provisioner | model_stage | haiku | c1 j1
      Checked haiku: it is whole, and it is staged
  model-provisioner | answer | POST /v1/models/haiku/stage | c1 j1
      Answered POST /v1/models/haiku/stage with 200 after <duration>
  pool-managerd | call | POST 127.0.0.1:<port>/v1/models/haiku/stage | c1 j1
      POST 127.0.0.1:<port>/v1/models/haiku/stage answered 200 after <duration>
  pool-managerd | ask | model-provisioner | c1 j1
      Asked model-provisioner: it has it
  pool-managerd | replica_start | r1 | c1 j1
      Starting haiku as r1 on the cpu
  pool-managerd | spawn | r1.1 | c1
      Starting worker r1.1 for haiku on the cpu
  worker | startup | w1 | c1
      Starting worker for haiku.gguf on cpu
      cute: A little worker for haiku.gguf opens its eyes on cpu
  worker | device_init | cpu | c1
      Using the CPU, as asked for with --device cpu
      cute: No GPU today, the CPU will do its best
  worker | server_start | 127.0.0.1 | c1
      Opening the HTTP server on 127.0.0.1
      cute: Hanging out the sign at 127.0.0.1
  worker | server_bound | 127.0.0.1 | c1
      Listening on 127.0.0.1 port <port>
      cute: The door at 127.0.0.1 is open, number <port>
  worker | model_load | haiku.gguf | c1
      Loading haiku.gguf: 1 MB, threads: 1
      cute: Unpacking haiku.gguf, mind the weights
  worker | model_load | haiku.gguf | c1
      Loading haiku.gguf: 0 %
      cute: 0 % of haiku.gguf is in
  worker | model_load | haiku.gguf | c1
      Loading haiku.gguf: 25 %
      cute: 25 % of haiku.gguf is in
  worker | model_load | haiku.gguf | c1
      Loading haiku.gguf: 50 %
      cute: 50 % of haiku.gguf is in
  worker | model_load | haiku.gguf | c1
      Loading haiku.gguf: 75 %
      cute: 75 % of haiku.gguf is in
  worker | model_load | haiku.gguf | c1
      Loading haiku.gguf: 100 %
      cute: 100 % of haiku.gguf is in
  worker | model_load | haiku.gguf | c1
      Loaded haiku.gguf in <duration>
      cute: haiku.gguf is all tucked in
  worker | ready | w1 | c1
      Ready to work with haiku.gguf on cpu
      cute: haiku.gguf is warm and eager
  worker | callback_ready | http://127.0.0.1:<port>/v1/replicas/r1/ready | c1
      Prepared the ready callback for the pool manager
      cute: A note saying 'ready' is folded and stamped
      story: "Shall I tell them?" asked the worker. "Please do," said the pool manager.
  worker | callback_attempt | http://127.0.0.1:<port>/v1/replicas/r1/ready | c1
      Telling the pool manager that the worker is ready, try 1
      cute: Knock knock, try 1
      story: "I am ready!" called the worker.
  pool-managerd | request | POST /v1/replicas/r1/ready | c1
      Serving POST /v1/replicas/r1/ready
  pool-managerd | answer | POST /v1/replicas/r1/ready | c1
      Answered POST /v1/replicas/r1/ready with 204 after <duration>
  pool-managerd | replica_start | r1 | c1 j1
      Started r1: its worker is ready
  pool-managerd | answer | POST /v1/pools/cpu/replicas | c1 j1
      Answered POST /v1/pools/cpu/replicas with 201 after <duration>
  pool-managerd | health | w1 | c1 | error: unhealthy
      Killing worker w1: it failed 3 health checks in a row
  worker | process_end | narration | c1 | error: sigkill
      Process narration was killed by sigkill after <duration>
  pool-managerd | give_up | r1 | c1 | error: crash_loop
      Gave up on r1 at crash 1 in a row: its worker failed 3 health checks in a row
  orchestratord | call | POST 127.0.0.1:<port>/v1/pools/cpu/replicas | c1 j1
      POST 127.0.0.1:<port>/v1/pools/cpu/replicas answered 201 after <duration>
  orchestratord | place | r1 | c1 j1
      Placed the task on r1 of pool cpu
  worker | validate | j1 | c1 j1
      Accepted the request: 12 prompt tokens, at most 64 to generate
      cute: What a well-behaved request
      story: "May I?" asked the caller. "You may," said the worker.
  worker | execute | j1 | c1 j1
      Generating with haiku.gguf from seed 0
      cute: haiku.gguf clears its throat
  worker | tokenise | j1 | c1 j1
      Cut the prompt into 12 tokens
      cute: Snip snip: 12 little tokens
  worker | cache_reset | kv-cache | c1 j1
      Cleared the key-value cache for the request
      cute: Wiping the blackboard clean
  worker | generate | j1 | c1 j1 (any number of times)
      Generated <n> tokens so far
      cute: <n> tokens and still going
  worker | execute | j1 | c1 j1
      Finished with <n> tokens in <duration>: eos
      cute: All done, <n> tokens, take a bow
      story: "Is it finished?" asked the caller. "<n> tokens, all yours," said the worker.
  orchestratord | finish | j1 | c1 j1
      Answered the task: 32 tokens from r1
  orchestratord | request | GET /v1/tasks/j1/events | c1
      Serving GET /v1/tasks/j1/events
  orchestratord | answer | GET /v1/tasks/j1/events | c1
      Answered GET /v1/tasks/j1/events with 200 after <duration>

And the next user asks for one at once
  orchestratord | request | POST /v1/tasks | c2
      Serving POST /v1/tasks
  orchestratord | admit | j2 | c2 j2
      Admitted the task with 0 before it, predicted to start in <duration>
  orchestratord | answer | POST /v1/tasks | c2
      Answered POST /v1/tasks with 202 after <duration>
  orchestratord | call | GET 127.0.0.1:<port>/v1/models/haiku | c2 j2
      Calling GET 127.0.0.1:<port>/v1/models/haiku
  model-provisioner | request | GET /v1/models/haiku | c2 j2
      Serving GET /v1/models/haiku
  model-provisioner | answer | GET /v1/models/haiku | c2 j2
      Answered GET /v1/models/haiku with 200 after <duration>
  orchestratord | call | GET 127.0.0.1:<port>/v1/models/haiku | c2 j2
      GET 127.0.0.1:<port>/v1/models/haiku answered 200 after <duration>
  orchestratord | call | GET 127.0.0.1:<port>/v1/replicas | c2 j2
      Calling GET 127.0.0.1:<port>/v1/replicas
  pool-managerd | request | GET /v1/replicas | c2 j2
      Serving GET /v1/replicas
  pool-managerd | answer | GET /v1/replicas | c2 j2
      Answered GET /v1/replicas with 200 after <duration>
  orchestratord | call | GET 127.0.0.1:<port>/v1/replicas | c2 j2
      GET 127.0.0.1:<port>/v1/replicas answered 200 after <duration>
  orchestratord | place | haiku | c2 j2
      No ready replica fits: asking the pool manager for haiku on the cpu
  orchestratord | call | POST 127.0.0.1:<port>/v1/pools/cpu/replicas | c2 j2
      Calling POST 127.0.0.1:<port>/v1/pools/cpu/replicas
  pool-managerd | request | POST /v1/pools/cpu/replicas | c2 j2
      Serving POST /v1/pools/cpu/replicas
  pool-managerd | place_refuse | haiku | c2 j2 | error: circuit_open
      Did not place haiku on the cpu: haiku crashed once in pool cpu
  pool-managerd | answer | POST /v1/pools/cpu/replicas | c2 j2 | warn: http_503
      Answered POST /v1/pools/cpu/replicas with 503 after <duration>
  orchestratord | call | POST 127.0.0.1:<port>/v1/pools/cpu/replicas | c2 j2 | warn: http_503
      POST 127.0.0.1:<port>/v1/pools/cpu/replicas answered 503 after <duration>
  orchestratord | finish | j2 | c2 j2 | error: circuit_open
      Gave the task up: haiku crashed once in pool cpu
  orchestratord | request | GET /v1/tasks/j2/events | c2
      Serving GET /v1/tasks/j2/events
  orchestratord | answer | GET /v1/tasks/j2/events | c2
      Answered GET /v1/tasks/j2/events with 200 after <duration>

Then "pool-managerd" narrates "health" with:

And "pool-managerd" narrates "give_up" with:

And "worker" narrates "process_end" with:

And the next user is told "CIRCUIT_OPEN"

And "pool-managerd" narrates "place_refuse" with:

And "orchestratord" narrates "finish" with:
