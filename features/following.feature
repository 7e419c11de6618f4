Feature: Somebody follows a request
  Four services narrate into log files of their own: a gateway, an orchestrator, a pool manager and a provisioner.
  Somebody has one id and asks one command.

  @FOL-02 @narration-required
  Scenario: session-abc123 is stuck
    Given five requests that went well, "req-a0" and on
    And the request "req-a" of session-abc123, whose engine is still being built
    When somebody asks why "session-abc123"
    Then the answer begins with:
      """
      Waiting for:  provisioner: Building engine llamacpp-v1 for cuda - open for 3 min
                    12 s when the logs end, since 21:06:40.030
      Held by:      provisioner, which has said nothing at all for 3 min 12 s while
                    others went on: it may be dead or hung
      Usually:      4.0 s (median of 5), 4.0 s at the 99th percentile; this is 48
                    times that
      """

  @FOL-01 @narration-required
  Scenario: Everything that happened to a session, in order
    Given the request "req-b" of session-abc123, whose engine is still being built
    When somebody asks for the story of "session-abc123"
    Then the answer is:
      """
      Story of session_id session-abc123: 4 lines of 4 services, 2026-11-28
        21:06:40.000, over 30 ms
      It belongs to 1 request: req-b

      21:06:40.000  gateway        Taking in a request of session-abc123
      21:06:40.010  orchestratord  Accepted request job-123 at queue position 0
      21:06:40.020  pool-managerd  Preparing engine llamacpp-v1
      21:06:40.030  provisioner    Building engine llamacpp-v1 for cuda
      """

  @FOL-02 @narration-required
  Scenario: The provisioner never takes the request up
    Given five requests that went well, "req-c0" and on
    And the request "req-c" of session-abc123, which the pool manager passes on and nobody takes up
    When somebody asks why "job-123"
    Then the answer begins with:
      """
      Waiting for:  pool-managerd: Preparing engine llamacpp-v1 - open for 3 min 12 s
                    when the logs end, since 21:06:40.020
      Missing:      provisioner: Building engine llamacpp-v1 for cuda - came 10 ms
                    later (median) in 100% of 5 other requests
      """

  @FOL-02 @narration-required
  Scenario: A request that is over waits for nothing
    Given five requests that went well, "req-d0" and on
    When somebody asks why "req-d3"
    Then the answer begins with:
      """
      Finished:     nothing is open; the last word was gateway: Finished: Taking in a
                    request of session-ok, at 2026-11-28 20:57:25.900
      """

  @FOL-01 @FOL-02 @narration-required
  Scenario: An id that is nowhere
    Given the request "req-e" of session-abc123, whose engine is still being built
    When somebody asks why "session-abc124"
    Then the answer is:
      """
      Nothing holds 'session-abc124'. Searched 5 files, 2 KiB, from 2026-11-28 21:06:40.000 to 2026-11-28 21:09:52.030.
      """

  @FOL-03 @narration-required @narrated-errors
  Scenario: A real story that no golden story accounts for
    Given five requests that went well, "req-f0" and on
    And a golden story of a request that goes well
    And a request that fails because the disk is full
    When somebody asks which stories conform
    Then the answer is:
      """
      5 of 6 real stories (83.3%) are accounted for by a golden story.

      1. 1 story, still running, for example req-full
         nearest: "A request goes well" (snapshots/well.story, c1)
           pool-managerd | engine_prepare
         - provisioner | engine_build
         + provisioner | engine_build | error: disk_full
      """
