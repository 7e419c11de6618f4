Scenario: The processes of a pool have the ids of whoever gave them the work

When a program squares a number in a process pool as "req-pool"
  batch | start | numbers | c1
      Handing out the numbers
  batch | square | number | c1
      Squaring a number
  batch | end | numbers | c1
      All numbers are squared

Then the story is exactly:

And every event carries the correlation id "req-pool"
