Scenario: A name that is none is refused

Given the greeter

When "R2D2" says hello with the correlation id "req-robot"
  greeter | request | GET /hello/{name} | c1
      Serving GET /hello/{name}
  greeter | refuse | caller | c1 | warn: bad_name
      Refused to greet somebody whose name is no name
  greeter | answer | GET /hello/{name} | c1
      Answered GET /hello/{name} with 400 after <duration>

Then the greeting says "letters only"

And "greeter" narrates "refuse" with:
