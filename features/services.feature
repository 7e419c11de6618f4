Feature: Four frameworks and a task queue tell one story
  A FastAPI gateway, an aiohttp scheduler with a process pool, a Flask till that logs as it always did, and a Celery
  worker: real processes, each joined by one line.

  @INT-01 @INT-02 @INT-03 @INT-04 @CTX-02 @any-order
  Scenario: One id goes from the gateway through every process
    Given the services of the example
    When the gateway is asked for a book with the correlation id "req-order"
    Then the customer is answered with 200 and the correlation id "req-order"
    And the story includes, in any order:
      | actor     | action  | session_id |
      | gateway   | order   | s-7        |
      | scheduler | request | s-7        |
      | scheduler | compute | s-7        |
      | till      | request | s-7        |
      | prices    | log     | s-7        |
      | tasks     | charge  | s-7        |
      | bank      | log     | s-7        |
    And every event carries the correlation id "req-order"
    And every link of the logs holds

  @INT-01 @INT-04
  Scenario: What fails in the till is told there, and by everybody who waited for it
    Given the services of the example
    When the gateway is asked for a ghost with the correlation id "req-unpaid"
    Then the customer is answered with 502 and the correlation id "req-unpaid"
    And "till" narrates "request_failed" with:
      | level      | error    |
      | error_kind | KeyError |
    And "till" narrates "log" with:
      | level      | error    |
      | error_kind | KeyError |
    And every event carries the correlation id "req-unpaid"

  @INT-03 @any-order
  Scenario: A task that fails after the answer is told in the story of its request
    Given the services of the example
    When the gateway is asked for a voucher with the correlation id "req-voucher"
    Then the customer is answered with 200 and the correlation id "req-voucher"
    And "tasks" narrates "task_failed" with:
      | level      | error      |
      | error_kind | ValueError |
    And every event carries the correlation id "req-voucher"

  @INT-04 @any-order
  Scenario: A secret in a header, a query, a body, an exception and a log line comes out nowhere
    Given the services of the example
    When the gateway is asked, with a secret everywhere, for a voucher with the correlation id "req-secret"
    Then the customer is answered with 200 and the correlation id "req-secret"
    And "tasks" narrates "task_failed" with:
      | error_kind | ValueError   |
      | exception  | /\[REDACTED/ |
    And nothing that any process printed holds the secret
    And no process printed a traceback
