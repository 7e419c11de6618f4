Scenario: A client that goes away stops its request

Given a worker on a slow model

When a client asks and goes away after the first token
  worker | validate | j1 | c1 j1
      Accepted the request: 34 prompt tokens, at most 1500 to generate
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
  worker | disconnect | j1 | c1 j1 | warn: client_gone
      Stopped the request: its client is gone
      cute: The listener left, so the singing stops

Then "worker" narrates "disconnect" with:

And the next request works
