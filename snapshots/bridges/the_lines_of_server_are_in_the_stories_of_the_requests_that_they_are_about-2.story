Scenario: The lines of gunicorn are in the stories of the requests that they are about

When a gunicorn serves a request that fails with the correlation id "req-gunicorn"
  (in any order)
  gunicorn | access | GET /order | c1
      Sent 500 for GET /order after <duration>
  shop | answer | GET /order | c1
      Answered GET /order with 500 after <duration>
  shop | request | GET /order | c1
      Serving GET /order
  shop | request_failed | GET /order | c1 | error: RuntimeError
      Could not serve GET /order: RuntimeError
  stock | log | shop | c1 | warn
      Looking, password=[REDACTED]

Then every event carries the correlation id "req-gunicorn"

And "shop" narrates "request_failed" with:

And "stock" narrates "log" with:

And "gunicorn" narrates "access"

And "shop" narrates "request_failed" with:

And the narration does not include "low-tide-7"
