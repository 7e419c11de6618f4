Scenario: A call by requests leads to an aiohttp service, and both tell it

Given a stock of aiohttp

When the shop asks the stock by requests with the correlation id "req-requests"
  shop | call | GET 127.0.0.1:<port>/shelf/book | c1 j1
      Calling GET 127.0.0.1:<port>/shelf/book
  stock | request | GET /shelf/book | c1 j1
      Serving GET /shelf/book
  stock | count | shelf | c1 j1
      Counting what is on the shelf
  stock | answer | GET /shelf/book | c1 j1
      Answered GET /shelf/book with 200 after <duration>
  shop | call | GET 127.0.0.1:<port>/shelf/book | c1 j1
      GET 127.0.0.1:<port>/shelf/book answered 200 after <duration>

Then the story is exactly:

And every event carries the correlation id "req-requests"

And "stock" narrates "answer" with:

And "stock" narrates "count" with:
