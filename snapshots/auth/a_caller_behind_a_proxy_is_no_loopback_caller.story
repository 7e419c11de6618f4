Scenario: A caller behind a proxy is no loopback caller

Given settings:

And a worker of its own

When a client behind a proxy asks "Write a haiku about GPU computing"
  worker | auth | 127.0.0.1 | c1 | warn: missing_token
      Refused a caller: this worker needs a token
      cute: No entry without the password
      story: "Let me in," said someone. "Not without the right token," said the worker.

Then the answer has status 401 and the code "MISSING_TOKEN"
