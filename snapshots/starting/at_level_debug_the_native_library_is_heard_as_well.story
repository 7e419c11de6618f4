Scenario: At level debug the native library is heard as well

Given settings:

When a worker starts and the native library is heard
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
  worker | native | llama.cpp | - | debug (any number of times)
      llama.cpp says: <anything>
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

Then "worker" narrates "native" with:

And the sentence is what the native library said, and no more
