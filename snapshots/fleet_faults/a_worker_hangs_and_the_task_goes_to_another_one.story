Scenario: A worker hangs, and the task goes to another one

Given a fleet in which things go wrong

When a user asks it for a haiku whose worker hangs
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
  orchestratord | place | r1 | c1 j1 | warn: timeout
      Left r1 out: its worker did not answer the health check
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
  pool-managerd | replica_start | r2 | c1 j1
      Starting haiku as r2 on the cpu
  pool-managerd | spawn | r2.1 | c1
      Starting worker r2.1 for haiku on the cpu
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
  worker | callback_ready | http://127.0.0.1:<port>/v1/replicas/r2/ready | c1
      Prepared the ready callback for the pool manager
      cute: A note saying 'ready' is folded and stamped
      story: "Shall I tell them?" asked the worker. "Please do," said the pool manager.
  worker | callback_attempt | http://127.0.0.1:<port>/v1/replicas/r2/ready | c1
      Telling the pool manager that the worker is ready, try 1
      cute: Knock knock, try 1
      story: "I am ready!" called the worker.
  pool-managerd | request | POST /v1/replicas/r2/ready | c1
      Serving POST /v1/replicas/r2/ready
  pool-managerd | answer | POST /v1/replicas/r2/ready | c1
      Answered POST /v1/replicas/r2/ready with 204 after <duration>
  pool-managerd | replica_start | r2 | c1 j1
      Started r2: its worker is ready
  pool-managerd | answer | POST /v1/pools/cpu/replicas | c1 j1
      Answered POST /v1/pools/cpu/replicas with 201 after <duration>
  orchestratord | call | POST 127.0.0.1:<port>/v1/pools/cpu/replicas | c1 j1
      POST 127.0.0.1:<port>/v1/pools/cpu/replicas answered 201 after <duration>
  orchestratord | place | r2 | c1 j1
      Placed the task on r2 of pool cpu
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
      Answered the task: 32 tokens from r2
  orchestratord | request | GET /v1/tasks/j1/events | c1
      Serving GET /v1/tasks/j1/events
  orchestratord | answer | GET /v1/tasks/j1/events | c1
      Answered GET /v1/tasks/j1/events with 200 after <duration>

Then the user has a haiku

And "orchestratord" narrates "place" with:
