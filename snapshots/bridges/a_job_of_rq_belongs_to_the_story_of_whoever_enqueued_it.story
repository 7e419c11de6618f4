Scenario: A job of RQ belongs to the story of whoever enqueued it

Given a queue of RQ on a real redis-server

When counting coins is enqueued with the correlation id "req-coins", and worked on
  rq | enqueue | steps.bridges.count_coins | c1 j1
      Enqueued steps.bridges.count_coins
  rq | task | steps.bridges.count_coins | c1 j1
      Working on steps.bridges.count_coins
  till | count | coins | c1 j1
      Counting coins
  rq | task | steps.bridges.count_coins | c1 j1
      Finished steps.bridges.count_coins after <duration>

Then the story is exactly:

And every event carries the correlation id "req-coins"

And "till" narrates "count" with:
