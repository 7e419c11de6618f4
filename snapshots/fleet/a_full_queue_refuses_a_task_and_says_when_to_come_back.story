Scenario: A full queue refuses a task and says when to come back

Given a fleet with a worker for long answers

When a user asks it for an answer that takes long

And a second user's task waits

And a third user asks, and the queue is full
  orchestratord | request | POST /v1/tasks | c1
      Serving POST /v1/tasks
  orchestratord | refuse | queue | c1 | warn
      Refused a task: the queue is full, 1 waiting; it may come back in <duration>
  orchestratord | answer | POST /v1/tasks | c1
      Answered POST /v1/tasks with 429 after <duration>

Then the third user is told when to come back

And "orchestratord" narrates "refuse" with:
