Scenario: The model file is not there

Given a model file that is not there

When a worker tries to start
  worker | startup | w1 | -
      Starting worker for missing.gguf on cpu
      cute: A little worker for missing.gguf opens its eyes on cpu
  worker | start_failed | missing.gguf | - | fatal: model_load_failed
      Cannot start: there is no such file
      cute: Back to bed: there is no such file

Then it ends with exit code 1

And "worker" narrates "start_failed" with:
