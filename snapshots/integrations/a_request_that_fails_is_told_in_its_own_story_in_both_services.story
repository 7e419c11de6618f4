Scenario: A request that fails is told in its own story, in both services

Given a shop of two services, the gateway and the stock

When a customer orders a ghost with the correlation id "req-ghost"
  gateway | request | GET /order/ghost | c1
      Serving GET /order/ghost
  gateway | order | article | c1
      Taking an order
  gateway | call | GET stock/reserve/ghost | c1
      Calling GET stock/reserve/ghost
  stock | request | GET /reserve/ghost | c1
      Serving GET /reserve/ghost
  stock | request_failed | GET /reserve/ghost | c1 | error: KeyError
      Could not serve GET /reserve/ghost: KeyError
  stock | answer | GET /reserve/ghost | c1
      Answered GET /reserve/ghost with 500 after <duration>
  gateway | call | GET stock/reserve/ghost | c1 | warn: http_500
      GET stock/reserve/ghost answered 500 after <duration>
  gateway | answer | GET /order/ghost | c1 | warn: http_502
      Answered GET /order/ghost with 502 after <duration>

Then the answer is 502 and carries the correlation id "req-ghost"

And every event carries the correlation id "req-ghost"

And "stock" narrates "request_failed" with:

And "gateway" narrates "call" with:

And "gateway" narrates "answer" with:
