Scenario: The pool manager does not answer

Given a pool manager that is not there

When a worker starts
  worker | startup | w1 | -
      Starting worker for haiku-1m-q8_0.gguf on cpu
  worker | device_init | cpu | -
      Using the CPU, as asked for with --device cpu
  worker | server_start | 127.0.0.1 | -
      Opening the HTTP server on 127.0.0.1
  worker | server_bound | 127.0.0.1 | -
      Listening on 127.0.0.1 port <port>
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 0 %
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 25 %
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 50 %
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 75 %
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 100 %
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loaded haiku-1m-q8_0.gguf in <duration>
  worker | ready | w1 | -
      Ready to work with haiku-1m-q8_0.gguf on cpu

And the worker has told "callback_failed"
  worker | callback_ready | http://127.0.0.1:<port>/ready | c1
      Prepared the ready callback for the pool manager
  worker | callback_attempt | http://127.0.0.1:<port>/ready | c1
      Telling the pool manager that the worker is ready, try 1
  worker | callback_failed | http://127.0.0.1:<port>/ready | c1 | warn: ClientConnectorError
      The pool manager did not take the ready callback: ClientConnectorError

Then "worker" narrates "callback_failed" with:
