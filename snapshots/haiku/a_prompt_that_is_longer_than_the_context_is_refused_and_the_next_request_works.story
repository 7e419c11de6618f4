Scenario: A prompt that is longer than the context is refused, and the next request works

Given a worker

When a client asks with a prompt that is longer than the context
  worker | validate | request | c1 j1 | warn: invalid_request
      Refused the request: prompt has 20001 tokens, the context holds 2048
      cute: Oh dear, something to mend in that request: prompt has 20001 tokens, the context holds 2048
      story: "Is this right?" asked the caller. "Not quite: prompt has 20001 tokens, the context holds 2048," said the worker.

Then the answer has status 400 and the code "INVALID_REQUEST"

And "worker" narrates "validate" with:

And the next request works
