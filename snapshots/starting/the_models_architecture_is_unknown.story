Scenario: The model's architecture is unknown

Given a model of an architecture that llama.cpp does not know

When a worker tries to start
  worker | startup | w1 | -
      Starting worker for odd.gguf on cpu
      cute: A little worker for odd.gguf opens its eyes on cpu
  worker | device_init | cpu | -
      Using the CPU, as asked for with --device cpu
      cute: No GPU today, the CPU will do its best
  worker | server_start | 127.0.0.1 | -
      Opening the HTTP server on 127.0.0.1
      cute: Hanging out the sign at 127.0.0.1
  worker | server_bound | 127.0.0.1 | -
      Listening on 127.0.0.1 port <port>
      cute: The door at 127.0.0.1 is open, number <port>
  worker | model_load | odd.gguf | -
      Loading odd.gguf: 1 MB, threads: 1
      cute: Unpacking odd.gguf, mind the weights
  worker | start_failed | odd.gguf | - | fatal: model_load_failed
      Cannot start: unknown model architecture: 'moonbeam'
      cute: Back to bed: unknown model architecture: 'moonbeam'

Then it ends with exit code 1

And "worker" narrates "start_failed" with:
