Feature: The greeter greets
  @narration-required
  Scenario: A caller comes back
    Given the greeter
    When "Ada" says hello with the correlation id "req-ada"
    And "Ada" says hello with the correlation id "req-ada"
    Then the greeting says "you were here 1 time"
    And "greeter" narrates "greet" with:
      | visits | 1 |
    And every event carries the correlation id "req-ada"
    And the narration never tells "Ada"

  Scenario: A name that is none is refused
    Given the greeter
    When "R2D2" says hello with the correlation id "req-robot"
    Then the greeting says "letters only"
    And "greeter" narrates "refuse" with:
      | level      | warn     |
      | error_kind | bad_name |
