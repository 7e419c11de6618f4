Feature: The last words of a process that ends roughly
  A mail service says what it does. However it ends, its last sentence is the one that somebody needs, and it is there.

  @DEL-01 @DEL-02 @narration-required
  Scenario Outline: A service that <ends> has said everything it told
    When a mail service sends a mail, finds the disk full and <ends>
    Then the story is exactly:
      | actor  | action | level |
      | mailer | start  | info  |
      | mailer | send   | info  |
      | mailer | send   | fatal |
    And every event carries the correlation id "req-mail"

    Examples:
      | ends                     |
      | returns                  |
      | is stopped by SIGTERM    |
      | is killed                |
      | leaves past all clean-up |
      | aborts                   |
      | becomes another program  |

  @DEL-02 @narration-required
  Scenario: The workers of a service speak to their end
    When a mail service has two forked workers that leave past all clean-up
    Then the story is exactly:
      | actor  | action | target   | level |
      | mailer | start  | service  | info  |
      | mailer | send   | worker-1 | fatal |
      | mailer | send   | worker-2 | fatal |
    And every event carries the correlation id "req-mail"
