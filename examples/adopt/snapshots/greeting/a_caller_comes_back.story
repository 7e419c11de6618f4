Scenario: A caller comes back

Given the greeter

When "Ada" says hello with the correlation id "req-ada"
  greeter | request | GET /hello/{name} | c1
      Serving GET /hello/{name}
  greeter | look_up | visits | c1
      Looking up how often the caller was here
  greeter | look_up | visits | c1
      Found 0 visits
  greeter | greet | caller | c1
      Greeting a caller who was here 0 times
      cute: Hello again, dear caller number 0
      story: "Hello!" said the caller. "Hello to you," said the greeter.
  greeter | answer | GET /hello/{name} | c1
      Answered GET /hello/{name} with 200 after <duration>

And "Ada" says hello with the correlation id "req-ada"
  greeter | request | GET /hello/{name} | c1
      Serving GET /hello/{name}
  greeter | look_up | visits | c1
      Looking up how often the caller was here
  greeter | look_up | visits | c1
      Found 1 visit
  greeter | greet | caller | c1
      Greeting a caller who was here 1 time
      cute: Hello again, dear caller number 1
      story: "Hello!" said the caller. "Hello to you," said the greeter.
  greeter | answer | GET /hello/{name} | c1
      Answered GET /hello/{name} with 200 after <duration>

Then the greeting says "you were here 1 time"

And "greeter" narrates "greet" with:

And every event carries the correlation id "req-ada"

And the narration never tells "Ada"
