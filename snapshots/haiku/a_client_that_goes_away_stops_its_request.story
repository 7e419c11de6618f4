Scenario: A client that goes away stops its request

Given a worker on a slow model

When a client asks and goes away after the first token
  worker | validate | j1 | c1 j1
      Accepted the request: 33 characters, at most 1500 tokens
  worker | tokenise | j1 | c1 j1
      Cut the prompt into 34 tokens
  worker | cache_reset | kv-cache | c1 j1
      Cleared the key-value cache for the request
  worker | execute | j1 | c1 j1
      Generating with slow.gguf from seed 7
  worker | disconnect | j1 | c1 j1 | warn: client_gone
      Stopped the request: its client is gone

Then "worker" narrates "disconnect" with:

And the next request works
