Scenario: A full queue refuses, and says when to come back

Given settings:

And a worker of its own

When more clients ask than there is room for
  worker | queue | j1 | c1 j1 | warn: queue_full
      Refused the request: the queue is full
      cute: No seat left in the waiting room
      story: "Room for one more?" asked the caller. "Not now," said the worker.

Then the answer has status 429 and the code "QUEUE_FULL"

And "worker" narrates "queue" with:
