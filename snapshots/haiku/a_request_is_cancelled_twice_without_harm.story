Scenario: A request is cancelled, twice without harm

Given a worker on a slow model

When a client asks and cancels after the first token
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
  worker | cancel | j1 | c1 j1
      Stopped the request: it was cancelled
      cute: Pencils down, as you wish
      story: "Stop, please," said the caller. "Stopped," said the worker.

Then the stream ends with the error "CANCELLED"

And "worker" narrates "cancel" with:

And the next request works
