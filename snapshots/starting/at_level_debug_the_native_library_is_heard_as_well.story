Scenario: At level debug the native library is heard as well

Given settings:

When a worker starts and the native library is heard
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
  worker | native | llama.cpp | - | debug (any number of times)
      llama.cpp says: <anything>
      cute: llama.cpp mumbles something
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

Then "worker" narrates "native" with:

And the sentence is what the native library said, and no more
