Scenario: The temperature goes from 0 to 2

Given a worker

When a client sends a request with:
  worker | validate | j1 | c1 j1
      Accepted the request: 33 characters, at most 5 tokens
  worker | tokenise | j1 | c1 j1
      Cut the prompt into 20 tokens
  worker | cache_reset | kv-cache | c1 j1
      Cleared the key-value cache for the request
  worker | execute | j1 | c1 j1
      Generating with haiku-1m-q8_0.gguf from seed 7
  worker | execute | j1 | c1 j1
      Finished with <n> tokens in <duration>: length

Then the answer has status 200
