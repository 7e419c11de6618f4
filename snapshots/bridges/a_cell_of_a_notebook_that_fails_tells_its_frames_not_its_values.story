Scenario: A cell of a notebook that fails tells its frames, not its values

Given a notebook

When a cell fails over the password "low-tide-7"
  notebook | cell | cell | - | error: KeyError
      The cell failed: KeyError

Then "notebook" narrates "cell" with:

And the narration does not include "low-tide-7"
