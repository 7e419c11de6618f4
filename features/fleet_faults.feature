Feature: A fault of the fleet is told in the story of the request that met it
  Whatever breaks, one id leads to a sentence that says what it was.

  @FLEET-03 @narration-required
  Scenario: A worker is killed in the middle, and the task goes on with another one
    Given a fleet in which things go wrong
    When a user asks it for an answer that takes long
    And its worker is killed, and another one takes over
    Then the user is told that the answer begins again
    And "orchestratord" narrates "replica_lost" with:
      | level | warn |
    And "pool-managerd" narrates "job_lost" with:
      | level      | error       |
      | error_kind | worker_lost |
    And "pool-managerd" narrates "restart" with:
      | level      | warn        |
      | error_kind | worker_lost |
    And "pool-managerd" narrates "recovered" with:
      | level | info |
    And "worker" narrates "process_end" with:
      | level | error |

  @FLEET-03 @narration-required
  Scenario: A worker hangs, and the task goes to another one
    Given a fleet in which things go wrong
    When a user asks it for a haiku whose worker hangs
    Then the user has a haiku
    And "orchestratord" narrates "place" with:
      | level      | warn    |
      | error_kind | timeout |

  @FLEET-03 @narration-required
  Scenario: A model that fails its validation is refused
    Given a fleet in which things go wrong
    When a user asks it for the model "torn"
    Then the user is told "MODEL_INVALID"
    And "model-provisioner" narrates "model_refuse" with:
      | level      | error         |
      | error_kind | model_invalid |
    And "orchestratord" narrates "finish" with:
      | level | error |

  @FLEET-03 @narration-required
  Scenario: There is no GPU, and nobody allowed the CPU
    Given a fleet in which things go wrong
    When a user asks it for the GPU
    Then the user is told "NO_GPU"
    And "pool-managerd" narrates "spill_over" with:
      | human | Did not place haiku on the CPU instead: it was asked for on a GPU |
    And "orchestratord" narrates "finish" with:
      | level | error |

  @FLEET-03 @FOL-01 @narration-required
  Scenario: A provisioner never answers, and one command says so
    Given a fleet whose engine-provisioner never answers
    When a user asks it for a haiku and waits
    Then `narration why` says first that "pool-managerd" waits, and what is open: "Asking engine-provisioner"
    And "orchestratord" narrates "finish" with:
      | level | error |
    And "pool-managerd" narrates "place_refuse" with:
      | level | error |
