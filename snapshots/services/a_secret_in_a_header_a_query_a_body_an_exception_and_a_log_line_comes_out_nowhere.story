Scenario: A secret in a header, a query, a body, an exception and a log line comes out nowhere

Given the services of the example

When the gateway is asked, with a secret everywhere, for a voucher with the correlation id "req-secret"
  (in any order)
  bank | log | tasks | c1
      Logging in with password=[REDACTED]
  gateway | answer | POST /order/voucher | c1
      Answered POST /order/voucher with 200 after <duration>
  gateway | call | POST 127.0.0.1:<port>/plan/voucher | c1
      Calling POST 127.0.0.1:<port>/plan/voucher
  gateway | call | POST 127.0.0.1:<port>/plan/voucher | c1
      POST 127.0.0.1:<port>/plan/voucher answered 200 after <duration>
  gateway | order | article | c1
      Taking an order
  gateway | request | POST /order/voucher | c1
      Serving POST /order/voucher
  prices | log | till | c1
      Found a price
  scheduler | answer | POST /plan/voucher | c1
      Answered POST /plan/voucher with 200 after <duration>
  scheduler | call | GET 127.0.0.1:<port>/price/voucher | c1
      Calling GET 127.0.0.1:<port>/price/voucher
  scheduler | call | GET 127.0.0.1:<port>/price/voucher | c1
      GET 127.0.0.1:<port>/price/voucher answered 200 after <duration>
  scheduler | compute | days | c1
      Computing how long it takes
  scheduler | request | POST /plan/voucher | c1
      Serving POST /plan/voucher
  tasks | charge | customer | c1
      Charging the customer
  tasks | enqueue | tasks.charge | c1
      Enqueued tasks.charge
  tasks | task | tasks.charge | c1
      Working on tasks.charge
  tasks | task_failed | tasks.charge | c1 | error: ValueError
      Could not finish tasks.charge: ValueError
  till | answer | GET /price/voucher | c1
      Answered GET /price/voucher with 200 after <duration>
  till | answer | GET /tax | c1
      Answered GET /tax with 200 after <duration>
  till | call | GET 127.0.0.1:<port>/tax | c1
      Calling GET 127.0.0.1:<port>/tax
  till | call | GET 127.0.0.1:<port>/tax | c1
      GET 127.0.0.1:<port>/tax answered 200 after <duration>
  till | request | GET /price/voucher | c1
      Serving GET /price/voucher
  till | request | GET /tax | c1
      Serving GET /tax

Then the customer is answered with 200 and the correlation id "req-secret"

And "tasks" narrates "task_failed" with:

And nothing that any process printed holds the secret

And no process printed a traceback
