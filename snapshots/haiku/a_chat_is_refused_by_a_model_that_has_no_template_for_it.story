Scenario: A chat is refused by a model that has no template for it

Given a worker

When a client sends a request with:
  worker | validate | request | c1 j1 | warn: invalid_request
      Refused the request: messages need a chat template, and this model has none
      cute: Oh dear, something to mend in that request: messages need a chat template, and this model has none
      story: "Is this right?" asked the caller. "Not quite: messages need a chat template, and this model has none," said the worker.

Then the answer has status 400 and the code "INVALID_REQUEST"
