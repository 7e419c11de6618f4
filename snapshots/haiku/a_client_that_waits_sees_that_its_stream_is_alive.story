Scenario: A client that waits sees that its stream is alive

Given settings:

And a worker of its own

When a client waits in the queue until a heartbeat comes
  worker | validate | j1 | c1 j1
      Accepted the request: 34 prompt tokens, at most 5 to generate
      cute: What a well-behaved request
      story: "May I?" asked the caller. "You may," said the worker.
  worker | queue | j1 | c1 j1
      Waiting in the queue at place 0
      cute: Take a seat, number 0
      story: "When is it my turn?" asked the caller. "You are number 0," said the worker.

Then "worker" narrates "queue" with:
