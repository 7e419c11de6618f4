Scenario: Without a token a caller is refused

Given settings:

And a worker of its own

When a client asks "Write a haiku about GPU computing"
  worker | auth | 127.0.0.1 | c1 | warn: missing_token
      Refused a caller: this worker needs a token
      cute: No entry without the password
      story: "Let me in," said someone. "Not without the right token," said the worker.

Then the answer has status 401 and the code "MISSING_TOKEN"

And "worker" narrates "auth" with:
