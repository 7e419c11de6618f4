Feature: A service narrates
  What any service gets from the facade, shown by an orchestrator and a pool manager of a few lines.

  @ORCH-3300 @ORCH-3301 @ORCH-3304 @ORCH-3305 @NARR-6001
  Scenario: Spawning an engine is one sentence and its fields
    Given no request
    When the pool manager spawns an engine
    Then the narration includes "Spawning engine llamacpp-v1 for pool 'default' on GPU0"
    And "pool-managerd" narrates "spawn" with:
      | field   | value       |
      | level   | info        |
      | target  | GPU0        |
      | engine  | llamacpp-v1 |
      | pool_id | default     |
      | device  | GPU0        |

  @NARR-2003 @ORCH-3306 @ORCH-3307 @narration-required
  Scenario: One correlation id goes through two services
    Given a client that sends the correlation id "req-two-services"
    When the client asks the orchestrator for an engine
    Then the answer carries the correlation id "req-two-services"
    And every event carries the correlation id "req-two-services"
    And the story is exactly:
      | actor         | action    |
      | orchestratord | admission |
      | pool-managerd | spawn     |
      | pool-managerd | ready     |

  @NARR-2001
  Scenario: A request without an id gets a new one
    Given a client that sends no correlation id
    When the client asks the orchestrator for an engine
    Then the answer carries the narrated correlation id
    And every event carries one and the same correlation id

  @NARR-2002
  Scenario Outline: A malformed id is replaced, and the fact is narrated
    Given a client that sends the correlation id "<sent>"
    When the client asks the orchestrator for an engine
    Then "orchestratord" narrates "correlation_refused" with:
      | level | warn |
    And every event carries one and the same correlation id
    And the narration does not include "<sent>"

    Examples:
      | sent            |
      | two words       |
      | <script>alert(1)|

  @NARR-2006
  Scenario: An event without a request has no correlation id
    Given no request
    When the pool manager spawns an engine
    Then every event is narrated with:
      | correlation_id | (absent) |
      | job_id         | (absent) |

  @NARR-2001
  Scenario: A made id is a UUID of version 4
    When a new correlation id is made
    Then it is a UUID of version 4
    And every event carries one and the same correlation id

  @NARR-1002
  Scenario: Every level tells, from the threshold on
    When the pool manager tells something at every level
    Then the levels are counted:
      | level | count |
      | info  | 1     |
      | warn  | 1     |
      | error | 1     |
      | fatal | 1     |

  @NARR-1004 @NARR-1005 @NARR-1008 @ORCH-3303 @SSE-03
  Scenario: The console shows the sentence, or the cute or story text
    When the pool manager spawns an engine
    Then the console shows:
      | human | [pool-managerd] spawn          : Spawning engine llamacpp-v1 for pool 'default' on GPU0     |
      | cute  | [pool-managerd] spawn          : Waking llamacpp-v1 up on its cosy GPU0                     |
      | story | [pool-managerd] spawn          : "Ready?" asked pool-managerd. "Ready," said llamacpp-v1.   |

  @NARR-1008
  Scenario: An event without cute text shows its sentence instead
    When the pool manager says "Draining pool default"
    Then the console shows:
      | human | [pool-managerd] say            : Draining pool default |
      | cute  | [pool-managerd] say            : Draining pool default |

  @ORCH-3303 @ORCH-3311 @NARR-7001
  Scenario: The JSON line carries everything in a fixed order
    When the pool manager spawns an engine
    Then the JSON line begins with time, level, actor, action, target and human
    And the event says who emitted it and when
    And the same fields are there in the JSON line that was narrated

  @ORCH-3302 @NARR-3001 @NARR-3002 @NARR-3003 @NARR-3005 @NARR-3009
  Scenario Outline: A secret never reaches the narration
    When the pool manager says "<said>"
    Then the narration never tells "<secret>"
    And the narration includes "[REDACTED]"

    Examples:
      | said                                                   | secret                     |
      | Calling with Bearer k3yMadeUpForTests0123456789abcdef  | k3yMadeUpForTests          |
      | Starting with password=correct-horse-battery           | correct-horse-battery      |
      | Fetching https://reader:sw0rdfish@models.example/a     | sw0rdfish                  |
      | Writing to jane.doe@models.example about it            | jane.doe@models.example    |

  @NARR-3004
  Scenario: A private key never reaches the narration
    When the pool manager passes on a private key
    Then the narration includes "[REDACTED]"
    And the narration tells no secret

  @NARR-3006
  Scenario: A UUID is told, unless the policy hides it
    When the pool manager passes on a UUID
    Then the narration includes "3b241101-e2bb-4255-8caf-4136c566a962"
    And the policy may hide it

  @NARR-3002
  Scenario: A secret in a field's name is enough to hide its value
    When the pool manager passes on the field "identity" with "Bearer k3yMadeUpForTests0123456789abcdef"
    Then the narration never tells "k3yMadeUpForTests0123456789abcdef"

  @NARR-4002 @NARR-4005
  Scenario: A line cannot be forged by what a caller sends
    When a caller sends a sentence with a line end and a hidden character
    Then every narrated line is one line without hidden characters

  @ORCH-3304
  Scenario: A piece of work is told at its start, on its way and at its end
    When the pool manager loads a model in three steps
    Then the story is exactly:
      | action     | event               | percent | duration_ms |
      | model_load | model_load_start    |         |             |
      | model_load | model_load_progress | 50      |             |
      | model_load | model_load_end      |         | ...         |

  @ORCH-3304
  Scenario: A piece of work that fails says why
    When the pool manager loads a model that is broken
    Then "pool-managerd" narrates "model_load" with:
      | level      | error   |
      | error_kind | OSError |

  @NARR-8001
  Scenario: A decorated function is told, sync and async
    When a traced function runs, sync and async
    Then the story is exactly:
      | action  | event         |
      | warm_up | warm_up_start |
      | warm_up | warm_up_end   |
      | settle  | settle_start  |
      | settle  | settle_end    |

  @ORCH-3310
  Scenario: The old name of the decode time is understood
    When an older service sends a line with decode_ms 7
    Then an event is narrated with:
      | decode_time_ms | 7 |

  @ORCH-3306 @NARR-6007
  Scenario: A thread that carries the context is part of the story
    When work goes on in a thread that carries the context
    Then every event carries the correlation id "req-thread"
    And no event lost its context

  @NARR-6007
  Scenario: A thread that lost the context is not
    When work goes on in a thread that lost the context
    Then every event carries the correlation id "req-lost"
    And 1 event lost its context

  @ORCH-3306
  Scenario: Time and ids can be made to count
    When a clock that counts is bound
    Then an event is narrated with:
      | emitted_at_ms  | 1000                                 |
      | correlation_id | 00000000-0000-4000-8000-000000000001 |
    And an event is narrated with:
      | emitted_at_ms  | 1001                                 |
      | correlation_id | 00000000-0000-4000-8000-000000000002 |

  @silent-ok @NARR-5001
  Scenario: A muted narrator says nothing
    When the pool manager is muted
    Then nothing is narrated
