Feature: The hub shows what every process is doing
  Processes send what they narrate to one hub; people read it there, job by job and story by story.

  @HUB-01 @SSE-04 @narration-required
  Scenario: A hub starts, refuses what is no event, and stops
    When a hub starts
    And somebody sends it an event and a line of nonsense
    And the hub stops
    Then the story includes, in order:
      | action   | level | event    |
      | startup  | info  | startup  |
      | ready    | info  | ready    |
      | refuse   | warn  |          |
      | shutdown | info  | shutdown |

  @HUB-04 @narration-required
  Scenario: A job waits for an engine that is never built
    When a hub starts that calls a job stalled after 0.2 seconds
    And the provisioner begins to build an engine for "job-123" and says no more
    Then "hub" narrates "stall" with:
      | level   | warn        |
      | subject | job-123     |
      | holder  | provisioner |
    And the board says that "job-123" waits for "provisioner": "Building engine llamacpp-v1"

  @HUB-02 @SSE-06 @narration-required
  Scenario: A ticket opens one job, and can be taken back
    When a hub starts
    And somebody makes a ticket for "job-123"
    And somebody revokes the tickets of "job-123"
    Then "hub" narrates "ticket" with:
      | subject | job job-123 |
    And "hub" narrates "revoke" with:
      | subject | job job-123 |
      | closed  | 0           |

  @HUB-06 @narration-required
  Scenario: A service that logs with OpenTelemetry is heard, and an empty record is refused
    When a hub starts
    And "payments" logs "Card refused" for "req-7" with OpenTelemetry, and sends an empty record
    Then "hub" narrates "refuse" with:
      | level   | warn     |
      | service | payments |
      | refused | 1        |
    And the hub tells the story of "req-7" as "payments": "Card refused"

  @HUB-04 @narration-required
  Scenario: The example that comes with the hub shows a request that is stuck
    When a hub starts with its example, and calls a job stalled after 2 seconds
    Then "hub" narrates "stall" with:
      | level   | warn       |
      | subject | order-1042 |
      | holder  | payments   |
    And the board says that "order-1042" waits for "payments": "The bank has not answered yet"
