Scenario: Services start, work for the command that a user types, and end

Given a fleet of one's own

When a user types the keeper's command, and the fleet is stopped after it
  keeper | ask | haiku | c1
      Asking haiku for at most 64 tokens
  keeper | finish | haiku | c1
      The answer is here: exit code 0
  model-provisioner | ready | 127.0.0.1 | -
      Listening on 127.0.0.1 port <port>
  model-provisioner | shutdown | model-provisioner | -
      Shut down after SIGTERM
  engine-provisioner | ready | 127.0.0.1 | -
      Listening on 127.0.0.1 port <port>
  engine-provisioner | shutdown | engine-provisioner | -
      Shut down after SIGTERM
  pool-managerd | ready | 127.0.0.1 | -
      Listening on 127.0.0.1 port <port>
  pool-managerd | drain | every pool | -
      Draining every pool, workers: 1
  pool-managerd | drain | every pool | -
      Drained every pool
  pool-managerd | shutdown | pool-managerd | -
      Shut down after SIGTERM
  orchestratord | ready | 127.0.0.1 | -
      Listening on 127.0.0.1 port <port>
  orchestratord | shutdown | orchestratord | -
      Shut down after SIGTERM

Then the keeper shows the story, and the haiku alone on standard output

And "keeper" narrates "finish" with:

And the story includes, in order:
