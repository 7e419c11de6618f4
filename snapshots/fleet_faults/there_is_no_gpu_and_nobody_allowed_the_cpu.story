Scenario: There is no GPU, and nobody allowed the CPU

Given a fleet in which things go wrong

When a user asks it for the GPU
  orchestratord | admit | j1 | c1 j1
      Admitted the task at place 0, predicted to start in <duration>
  orchestratord | place | haiku | c1 j1
      No ready replica fits: asking the pool manager for haiku on gpu
  pool-managerd | ask | engine-provisioner | c1 j1
      Asking engine-provisioner for an engine for the gpu
  engine-provisioner | preflight | gpu | c1 j1 | warn: no_gpu
      Found no GPU that llama.cpp can use
  engine-provisioner | preflight | llama.cpp | c1 j1
      Looking whether llama.cpp can compute on the gpu
  engine-provisioner | process_end | python | c1 j1
      Process python ended well after <duration>
  engine-provisioner | preflight | llama.cpp | c1 j1
      Looked at the gpu: no engine
  engine-provisioner | engine_refuse | gpu | c1 j1 | warn: no_gpu
      Refused an engine: no GPU was found, and the CPU was not asked for by name
  pool-managerd | ask | engine-provisioner | c1 j1
      Asked engine-provisioner: no GPU was found, and the CPU was not asked for by name
  pool-managerd | spill_over | haiku | c1 j1 | warn: no_gpu
      Did not place haiku on the CPU instead: it was asked for on a GPU
  pool-managerd | place_refuse | haiku | c1 j1 | warn: no_gpu
      Did not place haiku on the gpu: no GPU was found, and the CPU was not asked for by name
  orchestratord | finish | j1 | c1 j1 | error: no_gpu
      Gave the task up: no GPU was found, and the CPU was not asked for by name

Then the user is told "NO_GPU"

And "pool-managerd" narrates "spill_over" with:

And "orchestratord" narrates "finish" with:
