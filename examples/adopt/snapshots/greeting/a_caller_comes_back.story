Scenario: A caller comes back

Given the greeter

When "Ada" says hello with the correlation id "req-ada"
  greeter | look_up | visits | c1
      Looking up how often the caller was here
  greeter | look_up | visits | c1
      Found 0 visits
  greeter | greet | caller | c1
      Greeting a caller who was here 0 times

And "Ada" says hello with the correlation id "req-ada"
  greeter | look_up | visits | c1
      Looking up how often the caller was here
  greeter | look_up | visits | c1
      Found 1 visits
  greeter | greet | caller | c1
      Greeting a caller who was here 1 times

Then the greeting says "you were here 1 times"

And "greeter" narrates "greet" with:

And every event carries the correlation id "req-ada"

And the narration never tells "Ada"
