Scenario: The temperature goes from 0 to 2

Given a worker

When a client sends a request with:
  worker | validate | request | c1 j1 | warn: invalid_request
      Refused the request: it has 1 faults
      cute: Oh dear, 1 things to mend in that request
      story: "Is this right?" asked the caller. "Not quite: 1 faults," said the worker.

Then the answer has status 400
