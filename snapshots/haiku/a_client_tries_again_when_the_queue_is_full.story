Scenario: A client tries again when the queue is full

Given settings:

And a worker of its own

When the worker's client asks while another request is served, and that one ends
  worker-client | retry | /execute | c1 | debug: queue_full (any number of times)
      Trying /execute again after queue_full

Then "worker-client" narrates "retry" with:

And every event carries the correlation id "req-retry"
