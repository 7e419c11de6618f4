Scenario: A request that takes too long is stopped

Given settings:

And a worker of its own

When a client asks for more than there is time for
  worker | validate | j1 | c1 j1
      Accepted the request: 33 characters, at most 1900 tokens
  worker | tokenise | j1 | c1 j1
      Cut the prompt into 34 tokens
  worker | cache_reset | kv-cache | c1 j1
      Cleared the key-value cache for the request
  worker | execute | j1 | c1 j1
      Generating with slow.gguf from seed 7
  worker | timeout | j1 | c1 j1 | warn: inference_timeout
      Stopped the request: it took longer than <duration>

Then the stream ends with the error "INFERENCE_TIMEOUT"

And "worker" narrates "timeout" with:
