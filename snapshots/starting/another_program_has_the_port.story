Scenario: Another program has the port

Given a port that another program listens on

When a worker tries to start
  worker | startup | w1 | -
      Starting worker for haiku-1m-q8_0.gguf on cpu
      cute: A little worker for haiku-1m-q8_0.gguf opens its eyes on cpu
  worker | device_init | cpu | -
      Using the CPU, as asked for with --device cpu
      cute: No GPU today, the CPU will do its best
  worker | server_start | 127.0.0.1 | -
      Opening the HTTP server on 127.0.0.1
      cute: Hanging out the sign at 127.0.0.1
  worker | bind_failed | 127.0.0.1 | - | error: address_already_in_use
      Cannot listen on 127.0.0.1 port <port>: address already in use; choose another --port
      cute: Door <port> stays shut: address already in use

Then it ends with exit code 1

And "worker" narrates "bind_failed" with:
