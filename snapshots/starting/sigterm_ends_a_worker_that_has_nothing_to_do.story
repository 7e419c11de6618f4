Scenario: SIGTERM ends a worker that has nothing to do

Given a worker of its own

When the worker gets SIGTERM
  worker | drain | w1 | -
      Taking no more requests after SIGTERM; finishing those under way
      cute: Last orders, please
  worker | shutdown | w1 | -
      Shut down after SIGTERM
      cute: Lights out after SIGTERM, good night

Then it ends with exit code 0

And the story is exactly:
