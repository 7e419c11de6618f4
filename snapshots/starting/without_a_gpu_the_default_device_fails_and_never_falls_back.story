Scenario: Without a GPU the default device fails, and never falls back

Given settings:

When a worker tries to start
  worker | startup | w1 | -
      Starting worker for haiku-1m-q8_0.gguf on cuda
      cute: A little worker for haiku-1m-q8_0.gguf opens its eyes on cuda
  worker | start_failed | haiku-1m-q8_0.gguf | - | fatal: cuda_error
      Cannot start: no cuda device number 0 (found: none)
      cute: Back to bed: no cuda device number 0 (found: none)

Then it ends with exit code 1

And "worker" narrates "start_failed" with:
