Scenario: A client asks the worker to shut down

Given a worker of its own

When somebody asks the worker to shut down
  worker | drain | w1 | -
      Taking no more requests after POST /shutdown; finishing those under way
      cute: Last orders, please
  worker | shutdown | w1 | -
      Shut down after POST /shutdown
      cute: Lights out after POST /shutdown, good night

Then it ends with exit code 0

And "worker" narrates "shutdown" with:
