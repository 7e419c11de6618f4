Scenario: The GPU that was asked for is taken, and told

Given llama.cpp sees the devices:

When an engine looks for a device of the kind "metal"
  worker | device_init | Metal | -
      Using Metal through Metal
      cute: Metal gleams and says good morning

Then "worker" narrates "device_init" with:
