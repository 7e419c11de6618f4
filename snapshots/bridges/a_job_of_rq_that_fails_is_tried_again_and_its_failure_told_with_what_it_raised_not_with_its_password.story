Scenario: A job of RQ that fails is tried again, and its failure told with what it raised, not with its password

Given a queue of RQ on a real redis-server

When losing coins is enqueued with the correlation id "req-lost-coins", and worked on
  rq | enqueue | steps.bridges.lose_coins | c1
      Enqueued steps.bridges.lose_coins
  rq | task | steps.bridges.lose_coins | c1
      Working on steps.bridges.lose_coins
  rq | task | steps.bridges.lose_coins | c1 | warn: ValueError
      Trying steps.bridges.lose_coins again later: ValueError
  rq | task | steps.bridges.lose_coins | c1
      Working on steps.bridges.lose_coins
  rq | task_failed | steps.bridges.lose_coins | c1 | error: ValueError
      Could not finish steps.bridges.lose_coins: ValueError

Then the story is exactly:

And every event carries the correlation id "req-lost-coins"

And "rq" narrates "task_failed" with:

And the narration does not include "low-tide-7"
