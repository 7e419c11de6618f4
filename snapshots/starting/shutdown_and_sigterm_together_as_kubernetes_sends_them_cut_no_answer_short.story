Scenario: Shutdown and SIGTERM together, as Kubernetes sends them, cut no answer short

Given settings:

And a worker of its own

When somebody asks the worker to shut down and it gets SIGTERM in the middle of an answer
  worker | validate | j1 | c1 j1
      Accepted the request: 34 prompt tokens, at most 60 to generate
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
      Taking no more requests after POST /shutdown; finishing those under way
      cute: Last orders, please
  worker | execute | j1 | c1 j1
      Finished with <n> tokens in <duration>: length
      cute: All done, <n> tokens, take a bow
      story: "Is it finished?" asked the caller. "<n> tokens, all yours," said the worker.
  worker | shutdown | w1 | -
      Shut down after POST /shutdown
      cute: Lights out after POST /shutdown, good night

Then it ends with exit code 0

And "worker" narrates "execute" with:
