Scenario: A wrong token is refused and not told

Given settings:

And a worker of its own

When a client with the token "another-made-up-token" asks "Write a haiku about GPU computing"
  worker | auth | 127.0.0.1 | c1 | warn: bad_token
      Refused a caller: the token is not accepted
      cute: No entry without the password
      story: "Let me in," said someone. "Not without the right token," said the worker.

Then the answer has status 401 and the code "BAD_TOKEN"

And "worker" narrates "auth" with:

And the narration never tells "another-made-up-token"

And the narration never tells "made-up-token-for-features"
