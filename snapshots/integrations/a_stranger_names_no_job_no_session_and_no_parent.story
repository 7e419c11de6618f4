Scenario: A stranger names no job, no session and no parent

Given a shop of two services, the gateway and the stock

When a stranger orders a book with a job, a session and a trace of his own
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

Then the answer is 200

And every event is narrated with:

And the narration does not include "job-stolen"

And the narration does not include "s-stolen"

And "gateway" narrates "request" with:
