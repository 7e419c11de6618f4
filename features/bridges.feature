Feature: What a program uses already tells its part of the story
  Clients, task queues, other log libraries, servers, notebooks, process pools, and what nobody catches.

  @INT-02 @CTX-02
  Scenario Outline: A call by <client> leads to an aiohttp service, and both tell it
    Given a stock of aiohttp
    When the shop asks the stock by <client> with the correlation id "req-<client>"
    Then the story is exactly:
      | actor | action  |
      | shop  | call    |
      | stock | request |
      | stock | count   |
      | stock | answer  |
      | shop  | call    |
    And every event carries the correlation id "req-<client>"
    And "stock" narrates "answer" with:
      | status      | 200 |
      | duration_ms | ... |
    And "stock" narrates "count" with:
      | job_id | job-7 |

    Examples:
      | client   |
      | aiohttp  |
      | requests |
      | httpx    |

  @INT-02
  Scenario: An aiohttp service that fails tells it in the story of its caller
    Given a stock of aiohttp
    When the shop asks the stock for what it does not have with the correlation id "req-none"
    Then every event carries the correlation id "req-none"
    And "stock" narrates "request_failed" with:
      | level      | error    |
      | error_kind | KeyError |
    And "shop" narrates "call" with:
      | level      | warn     |
      | error_kind | http_500 |

  @INT-03
  Scenario: A job of RQ belongs to the story of whoever enqueued it
    Given a queue of RQ on a real redis-server
    When counting coins is enqueued with the correlation id "req-coins", and worked on
    Then the story is exactly:
      | actor | action  |
      | rq    | enqueue |
      | rq    | task    |
      | till  | count   |
      | rq    | task    |
    And every event carries the correlation id "req-coins"
    And "till" narrates "count" with:
      | job_id  | job-7 |
      | task_id | ...   |

  @INT-03
  Scenario: A job of RQ that fails is tried again, and its failure told with what it raised, not with its password
    Given a queue of RQ on a real redis-server
    When losing coins is enqueued with the correlation id "req-lost-coins", and worked on
    Then the story is exactly:
      | actor | action      | level |
      | rq    | enqueue     | info  |
      | rq    | task        | info  |
      | rq    | task        | warn  |
      | rq    | task        | info  |
      | rq    | task_failed | error |
    And every event carries the correlation id "req-lost-coins"
    And "rq" narrates "task_failed" with:
      | error_kind | ValueError     |
      | exception  | /\[REDACTED\]/ |
    And the narration does not include "low-tide-7"

  @INT-04
  Scenario Outline: What is logged through <library> is in the story, its fields kept
    When a program logs through <library> with the correlation id "req-<library>"
    Then an event is narrated with:
      | actor          | shelves          |
      | action         | log              |
      | level          | warn             |
      | human          | 7 shelves are empty |
      | correlation_id | req-<library>    |
      | aisle          | B                |

    Examples:
      | library   |
      | logging   |
      | structlog |

  @INT-04
  Scenario: A span of OpenTelemetry is the one that events name
    When the shop counts inside a span of OpenTelemetry
    Then "shop" narrates "count" with:
      | trace_id | /^[0-9a-f]{32}$/ |
      | span_id  | /^[0-9a-f]{16}$/ |
    And the event names the span

  @INT-04
  Scenario: What nobody catches in a thread is told in the story that was begun there
    When a thread of a program fails as "req-failing-thread"
    Then the story is exactly:
      | actor | action   | level |
      | shop  | count    | info  |
      | shop  | uncaught | error |
    And every event carries the correlation id "req-failing-thread"
    And "shop" narrates "uncaught" with:
      | error_kind | KeyError |
      | thread     | counter  |

  @INT-04
  Scenario: A cell of a notebook that fails tells its frames, not its values
    Given a notebook
    When a cell fails over the password "low-tide-7"
    Then "notebook" narrates "cell" with:
      | level      | error          |
      | error_kind | KeyError       |
      | exception  | /\[REDACTED\]/ |
    And the narration does not include "low-tide-7"

  @INT-03
  Scenario: The processes of a pool have the ids of whoever gave them the work
    When a program squares a number in a process pool as "req-pool"
    Then the story is exactly:
      | actor | action |
      | batch | start  |
      | batch | square |
      | batch | end    |
    And every event carries the correlation id "req-pool"

  @INT-04 @any-order
  Scenario Outline: The lines of <server> are in the stories of the requests that they are about
    When a <server> serves a request that fails with the correlation id "req-<server>"
    Then every event carries the correlation id "req-<server>"
    And "shop" narrates "request_failed" with:
      | error_kind | RuntimeError |
    And "stock" narrates "log" with:
      | level | warn |
    And "<actor>" narrates "<action>"
    And "<teller>" narrates "<failure>" with:
      | level | error |
    And the narration does not include "low-tide-7"

    Examples:
      | server   | actor          | action | teller        | failure        |
      | uvicorn  | uvicorn.access | log    | uvicorn.error | log            |
      | gunicorn | gunicorn       | access | shop          | request_failed |

  @NARR-2003
  Scenario: Values that do not fit their fields are kept aside
    Given a service in production, where mistakes are mended
    When it tells numbers that are none
    Then "engine" narrates "answer" with:
      | tokens_in        | (absent) |
      | tokens_in_       | many     |
      | tokens_out       | 7        |
      | queue_position   | 2        |
      | queue_position_  | 2.5      |
      | retry_after_ms   | (absent) |
      | retry_after_ms_  | soon     |
