Scenario: The model has left the GPU and comes back

Given a model that took 1000 bytes of "CUDA0"

When the driver says that the process holds 10 bytes
  worker | residency | CUDA0 | - | error: residency_lost
      The model is no longer wholly in the memory of CUDA0
      cute: Something slipped out of CUDA0

And the driver says that the process holds 1000 bytes
  worker | residency | CUDA0 | -
      Verified that the model is in the memory of CUDA0
      cute: Still cosy on CUDA0

Then the story includes, in order:
