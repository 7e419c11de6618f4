Scenario: The lines of uvicorn are in the stories of the requests that they are about

When a uvicorn serves a request that fails with the correlation id "req-uvicorn"
  (in any order)
  shop | answer | GET /order | c1
      Answered GET /order with 500 after <duration>
  shop | request | GET /order | c1
      Serving GET /order
  shop | request_failed | GET /order | c1 | error: RuntimeError
      Could not serve GET /order: RuntimeError
  stock | log | shop | c1 | warn
      Looking, password=[REDACTED]
  uvicorn.access | log | h11_impl | c1
      127.0.0.1:<port> - "GET /order HTTP/1.1" 500
  uvicorn.error | log | h11_impl | c1 | error: RuntimeError
      Exception in ASGI application 

Then every event carries the correlation id "req-uvicorn"

And "shop" narrates "request_failed" with:

And "stock" narrates "log" with:

And "uvicorn.access" narrates "log"

And "uvicorn.error" narrates "log" with:

And the narration does not include "low-tide-7"
