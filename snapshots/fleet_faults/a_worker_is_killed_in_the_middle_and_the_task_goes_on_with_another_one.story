Scenario: A worker is killed in the middle, and the task goes on with another one

Given a fleet in which things go wrong

When a user asks it for an answer that takes long

And its worker is killed, and another one takes over
  orchestratord | admit | j1 | c1 j1
      Admitted the task with 0 before it, predicted to start in <duration>
  orchestratord | place | slow | c1 j1
      No ready replica fits: asking the pool manager for slow on the cpu
  orchestratord | place | r1 | c1 j1
      Placed the task on r1 of pool cpu
  orchestratord | replica_lost | r1 | c1 j1 | warn: connection_broke
      Lost r1 before its answer was whole: the connection to its worker broke
  orchestratord | place | slow | c1 j1
      No ready replica fits: asking the pool manager for slow on the cpu
  orchestratord | place | r2 | c1 j1
      Placed the task on r2 of pool cpu
  orchestratord | cancel | j1 | c1 j1
      The user cancelled the task
  orchestratord | finish | j1 | c1 j1
      Stopped the task, as its user asked
  worker | process_end | narration | c1 | error: sigkill
      Process narration was killed by sigkill after <duration>
  pool-managerd | job_lost | j1 | c1 j1 | error: worker_lost
      Lost j1 in the middle: worker w1 was killed by SIGKILL
  pool-managerd | restart | r1 | c1 | warn: worker_lost
      Worker w1 was killed by SIGKILL; starting r1 again in <pause>
  pool-managerd | recovered | r1 | c1
      Worker w2 is ready: r1 works again

Then the user is told that the answer begins again

And "orchestratord" narrates "replica_lost" with:

And "pool-managerd" narrates "job_lost" with:

And "pool-managerd" narrates "restart" with:

And "pool-managerd" narrates "recovered" with:

And "worker" narrates "process_end" with:
