Scenario: The temperature goes from 0 to 2

Given a worker

When a client sends a request with:
  worker | validate | request | c1 j1 | warn: invalid_request
      Refused the request: it has 1 faults

Then the answer has status 400
