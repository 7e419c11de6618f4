Scenario: What fails in the till is told there, and by everybody who waited for it

Given the services of the example

When the gateway is asked for a ghost with the correlation id "req-unpaid"
  gateway | request | POST /order/ghost | c1
      Serving POST /order/ghost
  gateway | order | article | c1
      Taking an order
  gateway | call | POST 127.0.0.1:<port>/plan/ghost | c1
      Calling POST 127.0.0.1:<port>/plan/ghost
  scheduler | request | POST /plan/ghost | c1
      Serving POST /plan/ghost
  scheduler | compute | days | c1
      Computing how long it takes
  scheduler | call | GET 127.0.0.1:<port>/price/ghost | c1
      Calling GET 127.0.0.1:<port>/price/ghost
  till | request | GET /price/ghost | c1
      Serving GET /price/ghost
  till | request_failed | GET /price/ghost | c1 | error: KeyError
      Could not serve GET /price/ghost: KeyError
  till | log | app | c1 | error: KeyError
      Exception on /price/ghost [GET]
  till | answer | GET /price/ghost | c1
      Answered GET /price/ghost with 500 after <duration>
  scheduler | call | GET 127.0.0.1:<port>/price/ghost | c1 | warn: http_500
      GET 127.0.0.1:<port>/price/ghost answered 500 after <duration>
  scheduler | answer | POST /plan/ghost | c1 | warn: http_502
      Answered POST /plan/ghost with 502 after <duration>
  gateway | call | POST 127.0.0.1:<port>/plan/ghost | c1 | warn: http_502
      POST 127.0.0.1:<port>/plan/ghost answered 502 after <duration>
  gateway | answer | POST /order/ghost | c1 | warn: http_502
      Answered POST /order/ghost with 502 after <duration>

Then the customer is answered with 502 and the correlation id "req-unpaid"

And "till" narrates "request_failed" with:

And "till" narrates "log" with:

And every event carries the correlation id "req-unpaid"
