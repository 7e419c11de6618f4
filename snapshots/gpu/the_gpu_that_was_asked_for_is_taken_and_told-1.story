Scenario: The GPU that was asked for is taken, and told

Given llama.cpp sees the devices:

When an engine looks for a device of the kind "cuda"
  worker | device_init | CUDA0 | -
      Using CUDA0 through CUDA
      cute: CUDA0 says good morning

Then "worker" narrates "device_init" with:
