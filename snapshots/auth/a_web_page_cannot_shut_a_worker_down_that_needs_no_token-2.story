Scenario: A web page cannot shut a worker down that needs no token

Given a worker of its own

When a page sends "POST /shutdown" with the header "Origin" set to "null"
  worker | auth | 127.0.0.1 | c1 | warn: forbidden
      Refused a caller: foreign Origin
      cute: No entry without the password
      story: "Let me in," said someone. "Not without the right token," said the worker.

Then the answer has status 403 and the code "FORBIDDEN"

And the next request works
