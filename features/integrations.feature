Feature: Frameworks and clients join the story

  @narration-required @INT-01 @INT-02 @CTX-02
  Scenario: One id goes through a FastAPI gateway and a Starlette service behind it
    Given a shop of two services, the gateway and the stock
    When a customer orders a book with the correlation id "req-book"
    Then the answer is 200 and carries the correlation id "req-book"
    And every event carries the correlation id "req-book"
    And "stock" narrates "reserve" with:
      | session_id | s-7 |

  @INT-01
  Scenario: A request that fails is told in its own story, in both services
    Given a shop of two services, the gateway and the stock
    When a customer orders a ghost with the correlation id "req-ghost"
    Then the answer is 502 and carries the correlation id "req-ghost"
    And every event carries the correlation id "req-ghost"
    And "stock" narrates "request_failed" with:
      | level      | error    |
      | error_kind | KeyError |
    And "gateway" narrates "call" with:
      | level      | warn     |
      | error_kind | http_500 |
    And "gateway" narrates "answer" with:
      | level      | warn     |
      | error_kind | http_502 |

  @CTX-02
  Scenario: A stranger names no job, no session and no parent
    Given a shop of two services, the gateway and the stock
    When a stranger orders a book with a job, a session and a trace of his own
    Then the answer is 200
    And every event is narrated with:
      | job_id | (absent) |
    And the narration does not include "job-stolen"
    And the narration does not include "s-stolen"
    And "gateway" narrates "request" with:
      | parent_span_id | (absent)                                                |
      | link           | 00-11111111111111111111111111111111-2222222222222222-01 |

  @INT-02 @CTX-02
  Scenario: A Flask till that fails tells it in the customer's story, and nothing of his form
    Given a till of Flask
    When a customer pays with the password "low-tide-7" and the correlation id "req-till"
    Then the answer is 500 and carries the correlation id "req-till"
    And every event carries the correlation id "req-till"
    And the narration does not include "low-tide-7"
    And "till" narrates "request_failed" with:
      | level      | error        |
      | error_kind | RuntimeError |
