Scenario: A second request waits and is told its place

Given a worker on a slow model

When a client asks while another one is served
  worker | validate | j1 | c1 j1
      Accepted the request: 33 characters, at most 5 tokens
  worker | queue | j1 | c1 j1
      Waiting in the queue at place 0
  worker | tokenise | j1 | c1 j1
      Cut the prompt into 34 tokens
  worker | cache_reset | kv-cache | c1 j1
      Cleared the key-value cache for the request
  worker | execute | j1 | c1 j1
      Generating with slow.gguf from seed 7
  worker | execute | j1 | c1 j1
      Finished with <n> tokens in <duration>: length

Then "worker" narrates "queue" with:

And "worker" narrates "execute" with:
