Scenario: A name that is none is refused

Given the greeter

When "R2D2" says hello with the correlation id "req-robot"
  greeter | refuse | caller | c1 | warn: bad_name
      Refused to greet somebody whose name is no name

Then the greeting says "letters only"

And "greeter" narrates "refuse" with:
