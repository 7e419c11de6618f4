Feature: Several hubs share their streams
  Services send to any hub, people read at any hub: Redis numbers the events of every job and story, and no hub stops
  without it.

  @HUB-05 @narration-required
  Scenario: Two hubs show one request
    When two hubs start that share their streams
    And "frontend" tells the first hub of "req-7": "Order taken"
    And "builder" tells the second hub of "req-7": "Order built"
    Then each hub tells "req-7" live as:
      | service  | sentence    |
      | frontend | Order taken |
      | builder  | Order built |

  @HUB-05 @narration-required
  Scenario: A hub goes on while Redis is away, and the other hub gets what it missed
    When two hubs start that share their streams
    And "frontend" tells the first hub of "req-7": "Order taken"
    And Redis is killed
    And "frontend" tells the first hub of "req-7": "Order paid"
    And Redis is started again
    Then each hub tells "req-7" live as:
      | service  | sentence    |
      | frontend | Order taken |
      | frontend | Order paid  |
    And the story includes, in order:
      | action | level |
      | ready  | info  |
      | engine | error |
      | engine | error |
      | engine | info  |
      | engine | info  |

  @HUB-05 @narration-required
  Scenario: A hub says which others it did not search
    When two hubs start that share their streams
    And "frontend" tells the first hub of "req-7": "Order taken"
    Then the first hub finds "Order taken" 1 times, and says that it did not ask "the-second"
    And the second hub finds "Order taken" 0 times, and says that it did not ask "the-first"
    And the story includes, in order:
      | action  | level |
      | startup | info  |
      | ready   | info  |
