Scenario: The model has left the GPU

Given a model that took 1000 bytes of "CUDA0"

When the driver says that the process holds 10 bytes
  worker | residency | CUDA0 | - | error: residency_lost
      The model is no longer wholly in the memory of CUDA0
      cute: Something slipped out of CUDA0

Then "worker" narrates "residency" with:
