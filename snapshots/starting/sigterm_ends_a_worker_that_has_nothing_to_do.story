Scenario: SIGTERM ends a worker that has nothing to do

Given a worker of its own

When the worker gets SIGTERM
  worker | drain | w1 | -
      Taking no more requests after SIGTERM; finishing those under way
  worker | shutdown | w1 | -
      Shut down after SIGTERM

Then it ends with exit code 0

And the story is exactly:
