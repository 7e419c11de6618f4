Scenario: A job is cancelled by its user, and everybody knows

Given a fleet with a worker for long answers

When a user asks it for an answer that takes long

And the user cancels it when a part of the answer is there
  orchestratord | request | POST /v1/tasks | c1
      Serving POST /v1/tasks
  orchestratord | admit | j1 | c1 j1
      Admitted the task with 0 before it, predicted to start in <duration>
  orchestratord | answer | POST /v1/tasks | c1
      Answered POST /v1/tasks with 202 after <duration>
  orchestratord | call | GET 127.0.0.1:<port>/v1/models/slow | c1 j1
      Calling GET 127.0.0.1:<port>/v1/models/slow
  model-provisioner | request | GET /v1/models/slow | c1 j1
      Serving GET /v1/models/slow
  model-provisioner | answer | GET /v1/models/slow | c1 j1
      Answered GET /v1/models/slow with 200 after <duration>
  orchestratord | call | GET 127.0.0.1:<port>/v1/models/slow | c1 j1
      GET 127.0.0.1:<port>/v1/models/slow answered 200 after <duration>
  orchestratord | call | GET 127.0.0.1:<port>/v1/replicas | c1 j1
      Calling GET 127.0.0.1:<port>/v1/replicas
  pool-managerd | request | GET /v1/replicas | c1 j1
      Serving GET /v1/replicas
  pool-managerd | answer | GET /v1/replicas | c1 j1
      Answered GET /v1/replicas with 200 after <duration>
  orchestratord | call | GET 127.0.0.1:<port>/v1/replicas | c1 j1
      GET 127.0.0.1:<port>/v1/replicas answered 200 after <duration>
  orchestratord | place | r1 | c1 j1
      Placed the task on r1 of pool cpu
  worker | validate | j1 | c1 j1
      Accepted the request: 6 prompt tokens, at most 2000 to generate
      cute: What a well-behaved request
      story: "May I?" asked the caller. "You may," said the worker.
  worker | execute | j1 | c1 j1
      Generating with slow.gguf from seed 0
      cute: slow.gguf clears its throat
  worker | tokenise | j1 | c1 j1
      Cut the prompt into 6 tokens
      cute: Snip snip: 6 little tokens
  worker | cache_reset | kv-cache | c1 j1
      Cleared the key-value cache for the request
      cute: Wiping the blackboard clean
  worker | generate | j1 | c1 j1 (any number of times)
      Generated <n> tokens so far
      cute: <n> tokens and still going
  worker | cancel | j1 | c1 j1
      Stopped the request: it was cancelled
      cute: Pencils down, as you wish
      story: "Stop, please," said the caller. "Stopped," said the worker.
  orchestratord | cancel | j1 | c1 j1
      The user cancelled the task
  orchestratord | finish | j1 | c1 j1
      Stopped the task, as its user asked
  orchestratord | request | GET /v1/tasks/j1/events | c1
      Serving GET /v1/tasks/j1/events
  orchestratord | answer | GET /v1/tasks/j1/events | c1
      Answered GET /v1/tasks/j1/events with 200 after <duration>
  orchestratord | request | POST /v1/tasks/j1/cancel | c1
      Serving POST /v1/tasks/j1/cancel
  orchestratord | answer | POST /v1/tasks/j1/cancel | c1
      Answered POST /v1/tasks/j1/cancel with 202 after <duration>

Then the user is told that it was cancelled

And "worker" narrates "cancel" with:

And "orchestratord" narrates "finish" with:
