Scenario: A worker that keeps failing is given up

Given a fleet that gives a worker up at its first crash

When its worker hangs
  engine-provisioner | process_end | python | c1
      Process python ended well after <duration>
  pool-managerd | spawn | r1.1 | c1
      Starting worker r1.1 for haiku on the cpu
  pool-managerd | health | r1.1 | c1 | error: unhealthy
      Killing worker r1.1: it failed 3 health checks in a row
  worker | process_end | narration | c1 | error: sigkill
      Process narration was killed by sigkill after <duration>
  pool-managerd | give_up | r1 | c1 | error: crash_loop
      Gave up on r1 after 1 crashes: its worker failed 3 health checks in a row

Then "pool-managerd" narrates "health" with:

And "pool-managerd" narrates "give_up" with:

And "worker" narrates "process_end" with:
