Scenario: What nobody catches in a thread is told in the story that was begun there

When a thread of a program fails as "req-failing-thread"
  shop | count | shelf | c1
      Counting what is on the shelf
  shop | uncaught | counter | c1 | error: KeyError
      Thread counter ended: nobody caught KeyError

Then the story is exactly:

And every event carries the correlation id "req-failing-thread"

And "shop" narrates "uncaught" with:
