Scenario: The same request gives the same answer

Given a worker

When the same request is sent twice
  worker | validate | j1 | c1 j1
      Accepted the request: 33 characters, at most 100 tokens
  worker | tokenise | j1 | c1 j1
      Cut the prompt into 20 tokens
  worker | cache_reset | kv-cache | c1 j1
      Cleared the key-value cache for the request
  worker | execute | j1 | c1 j1
      Generating with haiku-1m-q8_0.gguf from seed 42
  worker | generate | j1 | c1 j1 (any number of times)
      Generated <n> tokens so far
  worker | execute | j1 | c1 j1
      Finished with <n> tokens in <duration>: eos
  worker | validate | j2 | c2 j2
      Accepted the request: 33 characters, at most 100 tokens
  worker | tokenise | j2 | c2 j2
      Cut the prompt into 20 tokens
  worker | cache_reset | kv-cache | c2 j2
      Cleared the key-value cache for the request
  worker | execute | j2 | c2 j2
      Generating with haiku-1m-q8_0.gguf from seed 42
  worker | generate | j2 | c2 j2 (any number of times)
      Generated <n> tokens so far
  worker | execute | j2 | c2 j2
      Finished with <n> tokens in <duration>: eos

Then both answers are the same

And both answers are kept as proof "same-request"
