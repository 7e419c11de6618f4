Feature: The last words of a process that ends roughly
  A mail service says what it does. However it ends, its last sentence is the one that somebody needs, and it is there.

  @DEL-01 @DEL-02 @narration-required
  Scenario Outline: A service that <ends> has said everything it told
    When a mail service sends a mail for "<request>", finds the disk full and <ends>
    Then the story is exactly:
      | actor  | action | level |
      | mailer | start  | info  |
      | mailer | send   | info  |
      | mailer | send   | fatal |
    And every event carries the correlation id "<request>"

    Examples:
      | ends                     | request      |
      | returns                  | req-returned |
      | is stopped by SIGTERM    | req-stopped  |
      | is killed                | req-killed   |
      | leaves past all clean-up | req-left     |
      | aborts                   | req-aborted  |
      | becomes another program  | req-replaced |

  @DEL-02 @narration-required
  Scenario: The workers of a service speak to their end
    When a mail service has two forked workers for "req-forked" that leave past all clean-up
    Then the story is exactly:
      | actor  | action | target   | level |
      | mailer | start  | service  | info  |
      | mailer | send   | worker-1 | fatal |
      | mailer | send   | worker-2 | fatal |
    And every event carries the correlation id "req-forked"
