Scenario: One id goes from the gateway through every process

Given the services of the example

When the gateway is asked for a book with the correlation id "req-order"
  (in any order)
  bank | log | tasks | c1
      Logging in with password=[REDACTED]
  gateway | answer | POST /order/book | c1
      Answered POST /order/book with 200 after <duration>
  gateway | call | POST 127.0.0.1:<port>/plan/book | c1
      Calling POST 127.0.0.1:<port>/plan/book
  gateway | call | POST 127.0.0.1:<port>/plan/book | c1
      POST 127.0.0.1:<port>/plan/book answered 200 after <duration>
  gateway | order | article | c1
      Taking an order
  gateway | request | POST /order/book | c1
      Serving POST /order/book
  prices | log | till | c1
      Found a price
  scheduler | answer | POST /plan/book | c1
      Answered POST /plan/book with 200 after <duration>
  scheduler | call | GET 127.0.0.1:<port>/price/book | c1
      Calling GET 127.0.0.1:<port>/price/book
  scheduler | call | GET 127.0.0.1:<port>/price/book | c1
      GET 127.0.0.1:<port>/price/book answered 200 after <duration>
  scheduler | compute | days | c1
      Computing how long it takes
  scheduler | request | POST /plan/book | c1
      Serving POST /plan/book
  tasks | charge | customer | c1
      Charging the customer
  tasks | enqueue | tasks.charge | c1
      Enqueued tasks.charge
  tasks | task | tasks.charge | c1
      Finished tasks.charge after <duration>
  tasks | task | tasks.charge | c1
      Working on tasks.charge
  till | answer | GET /price/book | c1
      Answered GET /price/book with 200 after <duration>
  till | answer | GET /tax | c1
      Answered GET /tax with 200 after <duration>
  till | call | GET 127.0.0.1:<port>/tax | c1
      Calling GET 127.0.0.1:<port>/tax
  till | call | GET 127.0.0.1:<port>/tax | c1
      GET 127.0.0.1:<port>/tax answered 200 after <duration>
  till | request | GET /price/book | c1
      Serving GET /price/book
  till | request | GET /tax | c1
      Serving GET /tax

Then the customer is answered with 200 and the correlation id "req-order"

And the story includes, in any order:

And every event carries the correlation id "req-order"

And every link of the logs holds
