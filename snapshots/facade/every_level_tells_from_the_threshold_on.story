Scenario: Every level tells, from the threshold on

When the pool manager tells something at every level
  pool-managerd | tell | operator | -
      Telling at info
  pool-managerd | tell | operator | - | warn
      Telling at warn
  pool-managerd | tell | operator | - | error: made_up
      Telling at error
  pool-managerd | tell | operator | - | fatal: made_up
      Telling at fatal

Then the levels are counted:
