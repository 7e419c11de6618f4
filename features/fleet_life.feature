Feature: The fleet's services tell how they live, and what they turn away
  Between the requests there is a story as well: who listens, who was refused, what was left out, who was given up.

  @FLEET-02 @narration-required
  Scenario: Services start, work for the command that a user types, and end
    Given a fleet of one's own
    When a user types the keeper's command, and the fleet is stopped after it
    Then the keeper shows the story, and the haiku alone on standard output
    And "keeper" narrates "finish" with:
      | exit_code | 0 |
    And the story includes, in order:
      | actor             | action   |
      | model-provisioner | ready    |
      | orchestratord     | ready    |
      | orchestratord     | shutdown |

  @FLEET-02 @AUTH-1001 @narration-required
  Scenario: A caller without a token, one without HTTP, and a service whose port is taken
    Given a fleet
    When "pool-managerd" is called without a token, and without HTTP, and another service wants its port
    Then "pool-managerd" narrates "auth" with:
      | level | warn |
    And "pool-managerd" narrates "http" with:
      | level | warn |
    And "model-provisioner" narrates "bind_failed" with:
      | level | fatal |

  @FLEET-03 @narration-required
  Scenario: A torn model is left out of the list
    Given a fleet in which things go wrong
    When somebody asks which models there are
    Then the list has "haiku", and not "torn"
    And "model-provisioner" narrates "model_skip" with:
      | level | warn |

  @FLEET-03 @narration-required
  Scenario: A worker that keeps failing is given up
    Given a fleet that gives a worker up at its first crash
    When a user has a haiku, and its worker hangs
    And the next user asks for one at once
    Then "pool-managerd" narrates "health" with:
      | level | error |
    And "pool-managerd" narrates "give_up" with:
      | error_kind | crash_loop |
    And "worker" narrates "process_end" with:
      | level | error |
    And the next user is told "CIRCUIT_OPEN"
    And "pool-managerd" narrates "place_refuse" with:
      | error_kind | circuit_open |
    And "orchestratord" narrates "finish" with:
      | error_kind | circuit_open |

  @FLEET-03 @narration-required
  Scenario: There is no engine, because its library cannot be loaded
    Given a fleet whose engine cannot be loaded
    When a user of it asks for a haiku
    Then the user is told "NO_ENGINE"
    And "engine-provisioner" narrates "preflight" with:
      | level | error |
    And "engine-provisioner" narrates "engine_refuse" with:
      | error_kind | no_engine |
    And "engine-provisioner" narrates "process_end" with:
      | level | error |
    And "pool-managerd" narrates "place_refuse" with:
      | level | error |
    And "orchestratord" narrates "finish" with:
      | level | error |

  @FLEET-02 @narration-required
  Scenario: One facade speaks to two kinds of servers
    Given an adapter host over a worker and a server of another kind
    When each has a job, then a job that is cancelled, and a server that is gone has one
    Then "adapter-host" narrates "execute" with:
      | event | execute_end |
    And "adapter-host" narrates "execute" with:
      | event | execute_cancelled |
    And "adapter-host" narrates "execute" with:
      | event | execute_failed |
