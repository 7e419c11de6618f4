Scenario: A stream that was cut is taken up again

Given settings:

And a worker of its own

When a client goes away after the first token and comes back for the rest
  worker | validate | j1 | c1 j1
      Accepted the request: 34 prompt tokens, at most 60 to generate
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
  worker | disconnect | j1 | c1 j1 | warn
      The client is gone; its stream can be resumed for <duration>
      cute: The listener left the room; the song goes on for <duration>
  worker | resume | j1 | c1 j1
      Resumed the stream after event 6
      cute: Where were we? After number 6
  worker | execute | j1 | c1 j1
      Finished with <n> tokens in <duration>: length
      cute: All done, <n> tokens, take a bow
      story: "Is it finished?" asked the caller. "<n> tokens, all yours," said the worker.

Then the rest begins after what it has, and the stream is whole
