Scenario: No token, no other machines

Given settings:

When a worker tries to start
  worker | start_failed | settings | - | fatal: bad_config
      Cannot start: refusing to listen on 0.0.0.0 without a token: anyone who rea...
      cute: Back to bed: refusing to listen on 0.0.0.0 without a token: anyone who rea...

Then it ends with exit code 1

And "worker" narrates "start_failed" with:
