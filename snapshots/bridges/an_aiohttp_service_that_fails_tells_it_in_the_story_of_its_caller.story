Scenario: An aiohttp service that fails tells it in the story of its caller

Given a stock of aiohttp

When the shop asks the stock for what it does not have with the correlation id "req-none"
  shop | call | GET 127.0.0.1:<port>/shelf/ghost | c1
      Calling GET 127.0.0.1:<port>/shelf/ghost
  stock | request | GET /shelf/ghost | c1
      Serving GET /shelf/ghost
  stock | request_failed | GET /shelf/ghost | c1 | error: KeyError
      Could not serve GET /shelf/ghost: KeyError
  stock | answer | GET /shelf/ghost | c1
      Answered GET /shelf/ghost with 500 after <duration>
  shop | call | GET 127.0.0.1:<port>/shelf/ghost | c1 | warn: http_500
      GET 127.0.0.1:<port>/shelf/ghost answered 500 after <duration>

Then every event carries the correlation id "req-none"

And "stock" narrates "request_failed" with:

And "shop" narrates "call" with:
