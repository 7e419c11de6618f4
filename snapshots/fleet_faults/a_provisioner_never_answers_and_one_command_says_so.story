Scenario: A provisioner never answers, and one command says so

Given a fleet whose engine-provisioner never answers

When a user asks it for a haiku and waits
  orchestratord | admit | j1 | c1 j1
      Admitted the task with 0 before it, predicted to start in <duration>
  orchestratord | place | haiku | c1 j1
      No ready replica fits: asking the pool manager for haiku on the cpu
  pool-managerd | ask | engine-provisioner | c1 j1
      Asking engine-provisioner for an engine for the cpu
  pool-managerd | ask | engine-provisioner | c1 j1
      Asked engine-provisioner: engine-provisioner gave no whole answer to /v1/engines
  pool-managerd | place_refuse | haiku | c1 j1 | error: answer_cut
      Did not place haiku on the cpu: engine-provisioner gave no whole answer to /v1/engines
  orchestratord | finish | j1 | c1 j1 | error: answer_cut
      Gave the task up: engine-provisioner gave no whole answer to /v1/engines

Then `narration why` says first that "pool-managerd" waits, and what is open: "Asking engine-provisioner"

And "orchestratord" narrates "finish" with:

And "pool-managerd" narrates "place_refuse" with:
