Scenario: One id goes through a FastAPI gateway and a Starlette service behind it

Given a shop of two services, the gateway and the stock

When a customer orders a book with the correlation id "req-book"
  gateway | request | GET /order/book | c1
      Serving GET /order/book
  gateway | order | article | c1
      Taking an order
  gateway | call | GET stock/reserve/book | c1
      Calling GET stock/reserve/book
  stock | request | GET /reserve/book | c1
      Serving GET /reserve/book
  stock | reserve | shelf | c1
      Reserving the article on its shelf
  stock | answer | GET /reserve/book | c1
      Answered GET /reserve/book with 200 after <duration>
  gateway | call | GET stock/reserve/book | c1
      GET stock/reserve/book answered 200 after <duration>
  gateway | answer | GET /order/book | c1
      Answered GET /order/book with 200 after <duration>

Then the answer is 200 and carries the correlation id "req-book"

And every event carries the correlation id "req-book"

And "stock" narrates "reserve" with:
