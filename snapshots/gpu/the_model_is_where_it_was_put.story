Scenario: The model is where it was put

Given a model that took 1000 bytes of "CUDA0"

When the driver says that the process holds 1000 bytes
  worker | residency | CUDA0 | -
      Verified that the model is in the memory of CUDA0
      cute: Still cosy on CUDA0

Then "worker" narrates "residency" with:
