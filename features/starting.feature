Feature: A worker starts and stops
  What is told from the first moment to the last, and what is told when it cannot start.

  @narration-required @M0-W-1900 @M0-W-1621 @M0-W-1100 @SSE-01 @SSE-02 @ORCH-3308
  Scenario: A worker starts
    When a worker starts
    Then the story includes, in order:
      | action       | event               | percent |
      | startup      | startup             |         |
      | device_init  |                     |         |
      | server_start |                     |         |
      | server_bound |                     |         |
      | model_load   | model_load_start    |         |
      | model_load   | model_load_progress | 0       |
      | model_load   | model_load_progress | 25      |
      | model_load   | model_load_progress | 50      |
      | model_load   | model_load_progress | 75      |
      | model_load   | model_load_progress | 100     |
      | model_load   | model_load_complete |         |
      | ready        | ready               |         |
    And every event is narrated with:
      | worker_id  | ...                |
      | model_ref  | haiku-1m-q8_0.gguf |
      | job_id     | (absent)           |

  @M0-W-1010 @M0-W-1111
  Scenario: Without a GPU the default device fails, and never falls back
    Given settings:
      | device | (default) |
    When a worker tries to start
    Then it ends with exit code 1
    And "worker" narrates "start_failed" with:
      | level      | fatal      |
      | code       | CUDA_ERROR |
      | error_kind | cuda_error |

  @M0-W-1111
  Scenario: The model file is not there
    Given a model file that is not there
    When a worker tries to start
    Then it ends with exit code 1
    And "worker" narrates "start_failed" with:
      | level      | fatal                |
      | code       | MODEL_LOAD_FAILED    |
      | model_path | /missing\.gguf$/     |

  @M0-W-1200 @M0-W-1111
  Scenario: The file is no model
    Given a file that is no model
    When a worker tries to start
    Then it ends with exit code 1
    And "worker" narrates "start_failed" with:
      | level | fatal             |
      | code  | MODEL_LOAD_FAILED |

  @M0-W-1212
  Scenario: The model's architecture is unknown
    Given a model of an architecture that llama.cpp does not know
    When a worker tries to start
    Then it ends with exit code 1
    And "worker" narrates "start_failed" with:
      | level | fatal             |
      | code  | MODEL_LOAD_FAILED |

  @M0-W-1212 @M0-W-1111
  Scenario Outline: What cannot generate text is refused by its true name
    Given a model file that is <what>
    When a worker tries to start
    Then it ends with exit code 1
    And "worker" narrates "start_failed" with:
      | level  | fatal             |
      | code   | MODEL_LOAD_FAILED |
      | reason | <reason>          |

    Examples:
      | what               | reason                                |
      | an encoder-decoder | /t5 is an encoder-decoder model/      |
      | an embedding model | /an embedding model/                  |
      | a LoRA adapter     | /a LoRA adapter/                      |
      | a later shard      | /shard 2 of 3/                        |

  Scenario: Another program has the port
    Given a port that another program listens on
    When a worker tries to start
    Then it ends with exit code 1
    And "worker" narrates "bind_failed" with:
      | level      | error                  |
      | error_kind | address_already_in_use |

  @AUTH-1002
  Scenario: No token, no other machines
    Given settings:
      | host | 0.0.0.0 |
    When a worker tries to start
    Then it ends with exit code 1
    And "worker" narrates "start_failed" with:
      | level      | fatal      |
      | error_kind | bad_config |

  @AUTH-1003
  Scenario: The pool manager is told that the worker is ready
    Given a pool manager that takes the ready callback
    When a worker starts
    And the pool manager has been called
    And the worker gets SIGTERM
    Then the pool manager was called with the token
    And the narration never tells "made-up-token-for-features"
    And the story includes, in order:
      | action           |
      | ready            |
      | callback_ready   |
      | callback_attempt |
      | shutdown         |

  Scenario: The pool manager does not answer
    Given a pool manager that is not there
    When a worker starts
    And the worker has told "callback_failed"
    Then "worker" narrates "callback_failed" with:
      | level      | warn |
      | error_kind | ...  |
      | backoff_ms | ...  |

  @M0-W-1340
  Scenario: SIGTERM ends a worker that has nothing to do
    Given a worker of its own
    When the worker gets SIGTERM
    Then it ends with exit code 0
    And the story is exactly:
      | action   | event    |
      | drain    |          |
      | shutdown | shutdown |

  @M0-W-1340
  Scenario: Shutdown and SIGTERM together, as Kubernetes sends them, cut no answer short
    Given settings:
      | model | slow |
    And a worker of its own
    When somebody asks the worker to shut down and it gets SIGTERM in the middle of an answer
    Then it ends with exit code 0
    And "worker" narrates "execute" with:
      | event | execute_end |

  @M0-W-1340
  Scenario: A client asks the worker to shut down
    Given a worker of its own
    When somebody asks the worker to shut down
    Then it ends with exit code 0
    And "worker" narrates "shutdown" with:
      | signal | POST /shutdown |

  @M0-W-1340
  Scenario: What is still under way when the time is up is stopped
    Given settings:
      | model                | slow |
      | shutdown-timeout-sec | 0.1  |
    And a worker of its own
    When the worker gets SIGTERM in the middle of a long answer
    Then its stream ended with the error "SHUTTING_DOWN"
    And it ends with exit code 0
    And "worker" narrates "drain" with:
      | level      | warn          |
      | error_kind | shutting_down |

  Scenario: At level debug the native library is heard as well
    Given settings:
      | NARRATION_LEVEL | debug |
    When a worker starts and the native library is heard
    Then "worker" narrates "native" with:
      | level | debug |
    And the sentence is what the native library said, and no more
