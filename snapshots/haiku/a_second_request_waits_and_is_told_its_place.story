Scenario: A second request waits and is told its place

Given a worker on a slow model

When a client asks while another one is served
  worker | validate | j1 | c1 j1
      Accepted the request: 34 prompt tokens, at most 5 to generate
      cute: What a well-behaved request
      story: "May I?" asked the caller. "You may," said the worker.
  worker | queue | j1 | c1 j1
      Waiting in the queue with 0 ahead
      cute: Take a seat, 0 before you
      story: "When is it my turn?" asked the caller. "0 before you," said the worker.
  worker | execute | j1 | c1 j1
      Generating with slow.gguf from seed 7
      cute: slow.gguf clears its throat
  worker | tokenise | j1 | c1 j1
      Cut the prompt into 34 tokens
      cute: Snip snip: 34 little tokens
  worker | cache_reset | kv-cache | c1 j1
      Cleared the key-value cache for the request
      cute: Wiping the blackboard clean
  worker | execute | j1 | c1 j1
      Finished with <n> tokens in <duration>: length
      cute: All done, <n> tokens, take a bow
      story: "Is it finished?" asked the caller. "<n> tokens, all yours," said the worker.

Then "worker" narrates "queue" with:

And "worker" narrates "execute" with:
