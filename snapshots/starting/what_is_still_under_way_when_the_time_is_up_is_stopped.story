Scenario: What is still under way when the time is up is stopped

Given settings:

And a worker of its own

When the worker gets SIGTERM in the middle of a long answer
  worker | validate | j1 | c1 j1
      Accepted the request: 34 prompt tokens, at most 1900 to generate
      cute: What a well-behaved request
      story: "May I?" asked the caller. "You may," said the worker.
  worker | execute | j1 | c1 j1
      Generating with slow.gguf from seed 7
      cute: slow.gguf clears its throat
  worker | tokenise | j1 | c1 j1
      Cut the prompt into 34 tokens
      cute: Snip snip: 34 little tokens
  worker | cache_reset | kv-cache | c1 j1
      Cleared the key-value cache for the request
      cute: Wiping the blackboard clean
  worker | drain | w1 | -
      Taking no more requests after SIGTERM; finishing those under way
      cute: Last orders, please
  worker | drain | j1 | c1 j1 | warn: shutting_down
      Stopped the request: the worker is shutting down
      cute: Closing time, sorry
  worker | shutdown | w1 | -
      Shut down after SIGTERM
      cute: Lights out after SIGTERM, good night

Then its stream ended with the error "SHUTTING_DOWN"

And it ends with exit code 0

And "worker" narrates "drain" with:
