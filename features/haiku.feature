Feature: A worker writes haikus
  A real worker process on the bundled model: real HTTP, real inference, and its narration in plain English.

  @narration-required @M0-W-1800 @M0-W-1300 @M0-W-1310 @M0-W-1311 @SSE-01 @SSE-02 @ORCH-3300
  Scenario: A haiku is streamed
    Given a worker
    When the job "job-haiku" asks "Write a haiku about GPU computing"
    Then the answer is a haiku of three lines
    And the stream starts with started, ends with end, and has nothing after it
    And its stream is kept as proof "haiku.sse"
    And the stream tells what standard output tells of the request
    And the story includes, in order:
      | action      | event         |
      | validate    |               |
      | execute     | execute_start |
      | tokenise    |               |
      | cache_reset |               |
      | generate    |               |
      | execute     | execute_end   |
    And every event is narrated with:
      | job_id    | job-haiku          |
      | model_ref | haiku-1m-q8_0.gguf |
      | worker_id | ...                |
    And every event carries one and the same correlation id

  @M0-W-1826 @M0-W-1800 @M0-W-1030
  Scenario: The same request gives the same answer
    Given a worker
    When the same request is sent twice
    Then both answers are the same
    And both answers are kept as proof "same-request"

  @M0-W-1030
  Scenario: A seed that the worker made gives the same answer again
    Given a worker
    When a request without a seed is sent, and again with the seed that came back
    Then both answers are the same
    And both answers are kept as proof "made-seed"

  @M0-W-1030 @M0-W-1826
  Scenario: A seed gives the same token ids on one device
    When two engines, one after the other, answer from seed 42
    Then both drew the same token ids
    And both lists of token ids are kept as proof "token-ids" of seed 42

  @M0-W-1824
  Scenario: A character of several bytes is never split
    Given a worker
    When a client asks "Write a haiku about 🚀"
    Then the answer holds characters of several bytes, each whole

  @M0-W-1902 @ORCH-3302
  Scenario: Neither the prompt nor the answer is narrated
    Given a worker
    When a client asks "Write a haiku about GPU computing"
    Then the narration holds neither the prompt nor the answer
    And the narration proves the prompt by its digest and length

  @M0-W-1825
  Scenario: A prompt that is longer than the context is refused, and the next request works
    Given a worker
    When a client asks with a prompt that is longer than the context
    Then the answer has status 400 and the code "INVALID_REQUEST"
    And "worker" narrates "validate" with:
      | event | error           |
      | level | warn            |
      | code  | INVALID_REQUEST |
    And the next request works

  @M0-W-1300
  Scenario: A client that wants no stream gets the whole answer
    Given a worker
    When a client sends a request with:
      | prompt      | "Write a haiku about GPU computing" |
      | temperature | 0                                   |
      | stream      | false                               |
    Then the answer has status 200
    And the answer is one object with the whole haiku

  @M0-W-1300
  Scenario: A chat is refused by a model that has no template for it
    Given a worker
    When a client sends a request with:
      | messages | [{"role": "user", "content": "Hello"}] |
    Then the answer has status 400 and the code "INVALID_REQUEST"

  @M0-W-1320
  Scenario: The state of a job can be asked for
    Given a worker
    When the job "job-asked-for" asks "Write a haiku about GPU computing"
    Then the state of the job "job-asked-for" is "finished"

  @SSE-10 @M0-W-1611
  Scenario: A stream that was cut is taken up again
    Given settings:
      | model            | slow |
      | resume-grace-sec | 30   |
    And a worker of its own
    When a client goes away after the first token and comes back for the rest
    Then the rest begins after what it has, and the stream is whole

  @NARR-2003
  Scenario: The caller's correlation id is on every event and on the answer
    Given a worker
    When a client with the correlation id "req-xyz" asks "Write a haiku about GPU computing"
    Then the answer carries the correlation id "req-xyz" back
    And every event carries the correlation id "req-xyz"

  @M0-W-1302 @M0-W-1500
  Scenario: An invalid request is told every fault
    Given a worker
    When a client sends a request with:
      | prompt      | ""   |
      | max_tokens  | 0    |
      | temperature | 3    |
      | colour      | "red"|
    Then the answer has status 400 and the code "INVALID_REQUEST"
    And the answer names every fault:
      | field       |
      | prompt      |
      | max_tokens  |
      | temperature |
      | colour      |
    And "worker" narrates "validate" with:
      | level       | warn            |
      | error_kind  | invalid_request |
      | fault_count | 4               |

  @M0-W-1032
  Scenario Outline: The temperature goes from 0 to 2
    Given a worker
    When a client sends a request with:
      | prompt      | "Write a haiku about GPU computing" |
      | temperature | <temperature>                       |
      | max_tokens  | 5                                   |
      | top_k       | 1                                   |
      | seed        | 7                                   |
    Then the answer has status <status>

    Examples:
      | temperature | status |
      | 0           | 200    |
      | 2           | 200    |
      | 2.1         | 400    |
      | -0.1        | 400    |

  @M0-W-1301
  Scenario: A second request waits and is told its place
    Given a worker on a slow model
    When a client asks while another one is served
    Then "worker" narrates "queue" with:
      | queue_position | 0 |
    And "worker" narrates "execute" with:
      | event | execute_end |

  @M0-W-1301 @M0-W-1500
  Scenario: A full queue refuses, and says when to come back
    Given settings:
      | model       | slow |
      | queue-limit | 1    |
    And a worker of its own
    When more clients ask than there is room for
    Then the answer has status 429 and the code "QUEUE_FULL"
    And "worker" narrates "queue" with:
      | level      | warn       |
      | error_kind | queue_full |

  @M0-W-1330
  Scenario: A request is cancelled, twice without harm
    Given a worker on a slow model
    When a client asks and cancels after the first token
    Then the stream ends with the error "CANCELLED"
    And "worker" narrates "cancel" with:
      | error_kind | cancelled |
    And the next request works

  @M0-W-1330 @silent-ok
  Scenario: Cancelling a job that nobody knows
    Given a worker
    When an unknown job "job-nobody" is cancelled
    Then the answer has status 404 and the code "NOT_FOUND"

  @M0-W-1611
  Scenario: A client that goes away stops its request
    Given a worker on a slow model
    When a client asks and goes away after the first token
    Then "worker" narrates "disconnect" with:
      | level      | warn        |
      | error_kind | client_gone |
    And the next request works

  @M0-W-1500
  Scenario: A request that takes too long is stopped
    Given settings:
      | model                 | slow |
      | inference-timeout-sec | 0.2  |
    And a worker of its own
    When a client asks for more than there is time for
    Then the stream ends with the error "INFERENCE_TIMEOUT"
    And "worker" narrates "timeout" with:
      | error_kind | inference_timeout |

  @M0-W-1320 @M0-W-1364 @silent-ok
  Scenario: Health tells what the worker is
    Given a worker
    When somebody calls "GET /health"
    Then the answer has the fields:
      | status         | healthy            |
      | model          | haiku-1m-q8_0.gguf |
      | device         | cpu                |
      | resident       | false              |
      | tokenizer_kind | llama              |
      | vocab_size     | 515                |
      | context_length | ...                |
      | quant_kind     | ...                |
      | uptime_seconds | ...                |
      | queue_depth    | ...                |

  @M0-W-1350 @silent-ok
  Scenario: Metrics are there for Prometheus
    Given a worker
    When somebody calls "GET /metrics"
    Then the answer has status 200
    And the answer has the metrics:
      | metric                        |
      | worker_requests_total         |
      | worker_tokens_in_total        |
      | worker_tokens_generated_total |
      | worker_inference_duration_ms  |
      | worker_queue_depth            |
      | worker_uptime_seconds         |
    And the metrics are kept as proof "worker.txt"

  @SSE-10
  Scenario: Tokens may be gathered for a moment before they are sent
    Given settings:
      | sse-micro-batch-ms | 50 |
    And a worker of its own
    When a client asks "Write a haiku about GPU computing"
    Then the answer is a haiku of three lines
    And the stream starts with started, ends with end, and has nothing after it
    And its stream is kept as proof "haiku-micro-batch.sse"

  @SSE-10
  Scenario: A client that waits sees that its stream is alive
    Given settings:
      | model         | slow |
      | heartbeat-sec | 0.05 |
    And a worker of its own
    When a client waits in the queue until a heartbeat comes
    Then "worker" narrates "queue" with:
      | queue_position | 0 |

  @M0-W-1221
  Scenario: The weights are mapped into memory
    Given a worker
    When a client asks "Write a haiku about GPU computing"
    Then the operating system shows the model file mapped into the worker

  @NARR-2003
  Scenario: A client tries again when the queue is full
    Given settings:
      | model       | slow |
      | queue-limit | 0    |
    And a worker of its own
    When the worker's client asks while another request is served, and that one ends
    Then "worker-client" narrates "retry" with:
      | level      | debug      |
      | error_kind | queue_full |
      | backoff_ms | ...        |
    And every event carries the correlation id "req-retry"

  @M0-W-1001 @silent-ok
  Scenario Outline: A worker keeps its one model for life
    Given a worker
    When somebody calls "POST <path>"
    Then the answer has status 404 and the code "NOT_FOUND"

    Examples:
      | path        |
      | /load       |
      | /v1/models  |
