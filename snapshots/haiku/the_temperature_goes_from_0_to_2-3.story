Scenario: The temperature goes from 0 to 2

Given a worker

When a client sends a request with:
  worker | validate | request | c1 j1 | warn: invalid_request
      Refused the request: temperature must be at most 2
      cute: Oh dear, something to mend in that request: temperature must be at most 2
      story: "Is this right?" asked the caller. "Not quite: temperature must be at most 2," said the worker.

Then the answer has status 400
