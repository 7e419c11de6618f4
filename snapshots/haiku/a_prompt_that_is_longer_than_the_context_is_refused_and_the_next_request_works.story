Scenario: A prompt that is longer than the context is refused, and the next request works

Given a worker

When a client asks with a prompt that is longer than the context
  worker | validate | j1 | c1 j1
      Accepted the request: 8000 characters, at most 100 tokens
      cute: What a well-behaved request
      story: "May I?" asked the caller. "You may," said the worker.
  worker | execute | j1 | c1 j1 | error: invalid_request
      Could not finish the request: the prompt has 20001 tokens, the context holds 2048
      cute: That did not go to plan: the prompt has 20001 tokens, the context holds 2048

Then the stream ends with the error "INVALID_REQUEST"

And "worker" narrates "execute" with:

And the next request works
