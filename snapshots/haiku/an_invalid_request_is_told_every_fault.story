Scenario: An invalid request is told every fault

Given a worker

When a client sends a request with:
  worker | validate | request | c1 j1 | warn: invalid_request
      Refused the request: 4 faults: (unknown), prompt, max_tokens, temperature
      cute: Oh dear, something to mend in that request: 4 faults: (unknown), prompt, max_tokens, temperature
      story: "Is this right?" asked the caller. "Not quite: 4 faults: (unknown), prompt, max_tokens, temperature," said the worker.

Then the answer has status 400 and the code "INVALID_REQUEST"

And the answer names every fault:

And "worker" narrates "validate" with:
