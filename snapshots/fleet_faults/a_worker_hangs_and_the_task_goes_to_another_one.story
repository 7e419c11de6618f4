Scenario: A worker hangs, and the task goes to another one

Given a fleet in which things go wrong

When a user asks it for a haiku whose worker hangs
  orchestratord | admit | j1 | c1 j1
      Admitted the task at place 0, predicted to start in <duration>
  orchestratord | place | r1 | c1 j1 | warn: timeout
      Left r1 out: its worker did not say how it is (timeout)
  orchestratord | place | haiku | c1 j1
      No ready replica fits: asking the pool manager for haiku on cpu
  pool-managerd | ask | engine-provisioner | c1 j1
      Asking engine-provisioner for an engine for the cpu
  engine-provisioner | preflight | llama.cpp | c1 j1
      Looking whether llama.cpp can compute on the cpu
  engine-provisioner | preflight | cpu | c1 j1
      Found llama.cpp 0.3.36 for the cpu
  engine-provisioner | process_end | python | c1 j1
      Process python ended well after <duration>
  engine-provisioner | preflight | llama.cpp | c1 j1
      Looked at the cpu: an engine is ready
  pool-managerd | ask | engine-provisioner | c1 j1
      Asked engine-provisioner: it has it
  pool-managerd | ask | model-provisioner | c1 j1
      Asking model-provisioner for haiku
  model-provisioner | model_stage | haiku | c1 j1
      Checking and staging haiku
  model-provisioner | model_stage | haiku | c1 j1
      Checked haiku: it is whole, and it is staged
  pool-managerd | ask | model-provisioner | c1 j1
      Asked model-provisioner: it has it
  pool-managerd | replica_start | r2 | c1 j1
      Starting haiku as r2 on the cpu
  pool-managerd | spawn | r2.1 | c1
      Starting worker r2.1 for haiku on the cpu
  pool-managerd | replica_start | r2 | c1 j1
      Started r2: its worker is ready
  orchestratord | place | r2 | c1 j1
      Placed the task on r2 of pool cpu
  orchestratord | finish | j1 | c1 j1
      Answered the task: 32 tokens from r2

Then the user has a haiku

And "orchestratord" narrates "place" with:
