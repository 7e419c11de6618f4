Scenario: The file is no model

Given a file that is no model

When a worker tries to start
  worker | startup | w1 | -
      Starting worker for notes.gguf on cpu
      cute: A little worker for notes.gguf opens its eyes on cpu
  worker | start_failed | notes.gguf | - | fatal: model_load_failed
      Cannot start: it is not GGUF: it begins with b'Dear' instead of b'GGUF'
      cute: Back to bed: it is not GGUF: it begins with b'Dear' instead of b'GGUF'

Then it ends with exit code 1

And "worker" narrates "start_failed" with:
