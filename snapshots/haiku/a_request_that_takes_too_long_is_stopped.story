Scenario: A request that takes too long is stopped

Given settings:

And a worker of its own

When a client asks for more than there is time for
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
  worker | timeout | j1 | c1 j1 | warn: inference_timeout
      Stopped the request: it took longer than <duration>
      cute: Time is up after <duration>

Then the stream ends with the error "INFERENCE_TIMEOUT"

And "worker" narrates "timeout" with:
