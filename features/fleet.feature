Feature: One request is followed through a fleet
  An orchestrator, a pool manager, two provisioners and their workers: five processes, and one id finds the whole story.

  @FLEET-01 @FLEET-02 @narration-required
  Scenario: A request is followed from its admission to its haiku
    Given a fleet
    When a user asks it for a haiku
    Then the user has a haiku
    And the story includes, in order:
      | actor              | action |
      | orchestratord      | admit  |
      | model-provisioner  | answer |
      | orchestratord      | place  |
      | engine-provisioner | answer |
      | model-provisioner  | answer |
      | worker             | ready  |
      | orchestratord      | place  |
      | worker             | execute |
      | orchestratord      | finish |
    And every event of the story carries the id of the request

  @FLEET-03
  Scenario: A full queue refuses a task and says when to come back
    Given a fleet with a worker for long answers
    When a user asks it for an answer that takes long
    And a second user's task waits
    And a third user asks, and the queue is full
    Then the third user is told when to come back
    And "orchestratord" narrates "refuse" with:
      | level       | warn |
      | queue_depth | 1    |

  @FLEET-01
  Scenario: A job is cancelled by its user, and everybody knows
    Given a fleet with a worker for long answers
    When a user asks it for an answer that takes long
    And the user cancels it when a part of the answer is there
    Then the user is told that it was cancelled
    And "worker" narrates "cancel" with:
      | event | error |
    And "orchestratord" narrates "finish" with:
      | event | task_cancelled |
