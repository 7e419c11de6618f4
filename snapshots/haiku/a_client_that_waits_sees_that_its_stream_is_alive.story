Scenario: A client that waits sees that its stream is alive

Given settings:

And a worker of its own

When a client waits in the queue until a heartbeat comes
  worker | validate | j1 | c1 j1
      Accepted the request: 34 prompt tokens, at most 5 to generate
      cute: What a well-behaved request
      story: "May I?" asked the caller. "You may," said the worker.
  worker | queue | j1 | c1 j1
      Waiting in the queue with 0 ahead
      cute: Take a seat, 0 before you
      story: "When is it my turn?" asked the caller. "0 before you," said the worker.

Then "worker" narrates "queue" with:
