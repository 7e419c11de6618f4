Scenario: What cannot generate text is refused by its true name

Given a model file that is an encoder-decoder

When a worker tries to start
  worker | startup | w1 | -
      Starting worker for other.gguf on cpu
      cute: A little worker for other.gguf opens its eyes on cpu
  worker | device_init | cpu | -
      Using the CPU, as asked for with --device cpu
      cute: No GPU today, the CPU will do its best
  worker | server_start | 127.0.0.1 | -
      Opening the HTTP server on 127.0.0.1
      cute: Hanging out the sign at 127.0.0.1
  worker | server_bound | 127.0.0.1 | -
      Listening on 127.0.0.1 port <port>
      cute: The door at 127.0.0.1 is open, number <port>
  worker | model_load | other.gguf | -
      Loading other.gguf: 1 MB, threads: 1
      cute: Unpacking other.gguf, mind the weights
  worker | start_failed | other.gguf | - | fatal: model_load_failed
      Cannot start: t5 is an encoder-decoder model, which this worker cannot serve
      cute: Back to bed: t5 is an encoder-decoder model, which this worker cannot serve

Then it ends with exit code 1

And "worker" narrates "start_failed" with:
