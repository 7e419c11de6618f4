Scenario: A torn model is left out of the list

Given a fleet in which things go wrong

When somebody asks which models there are
  model-provisioner | model_skip | torn | c1 | warn: model_invalid
      Left torn out: it is cut short: tensor 'output.weight' ends at byte ...

Then the list has "haiku", and not "torn"

And "model-provisioner" narrates "model_skip" with:
