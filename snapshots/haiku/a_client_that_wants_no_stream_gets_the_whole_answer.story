Scenario: A client that wants no stream gets the whole answer

Given a worker

When a client sends a request with:
  worker | validate | j1 | c1 j1
      Accepted the request: 20 prompt tokens, at most 256 to generate
      cute: What a well-behaved request
      story: "May I?" asked the caller. "You may," said the worker.
  worker | execute | j1 | c1 j1
      Generating with haiku-1m-q8_0.gguf from seed <seed>
      cute: haiku-1m-q8_0.gguf clears its throat
  worker | tokenise | j1 | c1 j1
      Cut the prompt into 20 tokens
      cute: Snip snip: 20 little tokens
  worker | cache_reset | kv-cache | c1 j1
      Cleared the key-value cache for the request
      cute: Wiping the blackboard clean
  worker | generate | j1 | c1 j1 (any number of times)
      Generated <n> tokens so far
      cute: <n> tokens and still going
  worker | execute | j1 | c1 j1
      Finished with <n> tokens in <duration>: eos
      cute: All done, <n> tokens, take a bow
      story: "Is it finished?" asked the caller. "<n> tokens, all yours," said the worker.

Then the answer has status 200

And the answer is one object with the whole haiku
