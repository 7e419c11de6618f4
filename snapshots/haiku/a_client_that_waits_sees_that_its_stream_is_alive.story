Scenario: A client that waits sees that its stream is alive

Given settings:

And a worker of its own

When a client waits in the queue until a heartbeat comes
  worker | validate | j1 | c1 j1
      Accepted the request: 33 characters, at most 5 tokens
  worker | queue | j1 | c1 j1
      Waiting in the queue at place 0

Then "worker" narrates "queue" with:
