Scenario: A model that fails its validation is refused

Given a fleet in which things go wrong

When a user asks it for the model "torn"
  orchestratord | admit | j1 | c1 j1
      Admitted the task at place 0, predicted to start in <duration>
  model-provisioner | model_refuse | torn | c1 j1 | error: model_invalid
      Refused torn: it is cut short: tensor 'output.weight' ends at byte ...
  orchestratord | finish | j1 | c1 j1 | error: model_invalid
      Gave the task up: torn: it is cut short: tensor 'output.weight' ends at ...

Then the user is told "MODEL_INVALID"

And "model-provisioner" narrates "model_refuse" with:

And "orchestratord" narrates "finish" with:
