Scenario: The pool manager does not answer

Given a pool manager that is not there

When a worker starts
  worker | startup | w1 | -
      Starting worker for haiku-1m-q8_0.gguf on cpu
      cute: A little worker for haiku-1m-q8_0.gguf opens its eyes on cpu
  worker | device_init | cpu | -
      Using the CPU, as asked for with --device cpu
      cute: No GPU today, the CPU will do its best
  worker | server_start | 127.0.0.1 | -
      Opening the HTTP server on 127.0.0.1
      cute: Hanging out the sign at 127.0.0.1
  worker | server_bound | 127.0.0.1 | -
      Listening on 127.0.0.1 port <port>
      cute: The door at 127.0.0.1 is open, number <port>
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 1 MB, threads: 1
      cute: Unpacking haiku-1m-q8_0.gguf, mind the weights
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 0 %
      cute: 0 % of haiku-1m-q8_0.gguf is in
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 25 %
      cute: 25 % of haiku-1m-q8_0.gguf is in
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 50 %
      cute: 50 % of haiku-1m-q8_0.gguf is in
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 75 %
      cute: 75 % of haiku-1m-q8_0.gguf is in
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 100 %
      cute: 100 % of haiku-1m-q8_0.gguf is in
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loaded haiku-1m-q8_0.gguf in <duration>
      cute: haiku-1m-q8_0.gguf is all tucked in
  worker | ready | w1 | -
      Ready to work with haiku-1m-q8_0.gguf on cpu
      cute: haiku-1m-q8_0.gguf is warm and eager

And the worker has told "callback_failed"
  worker | callback_ready | http://127.0.0.1:<port>/ready | c1
      Prepared the ready callback for the pool manager
      cute: A note saying 'ready' is folded and stamped
      story: "Shall I tell them?" asked the worker. "Please do," said the pool manager.
  worker | callback_attempt | http://127.0.0.1:<port>/ready | c1
      Telling the pool manager that the worker is ready, try 1
      cute: Knock knock, try 1
      story: "I am ready!" called the worker.
  worker | callback_failed | http://127.0.0.1:<port>/ready | c1 | warn: ClientConnectorError
      The pool manager did not take the ready callback: no connection could be made
      cute: Nobody answered the door: no connection could be made
      story: "Hello?" called the worker. Nobody answered.

Then "worker" narrates "callback_failed" with:
