Scenario: A Flask till that fails tells it in the customer's story, and nothing of his form

Given a till of Flask

When a customer pays with the password "low-tide-7" and the correlation id "req-till"
  till | request | POST /pay | c1
      Serving POST /pay
  till | request_failed | POST /pay | c1 | error: RuntimeError
      Could not serve POST /pay: RuntimeError
  till | answer | POST /pay | c1
      Answered POST /pay with 500 after <duration>

Then the answer is 500 and carries the correlation id "req-till"

And every event carries the correlation id "req-till"

And the narration does not include "low-tide-7"

And "till" narrates "request_failed" with:
