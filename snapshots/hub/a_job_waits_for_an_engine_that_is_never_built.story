Scenario: A job waits for an engine that is never built

When a hub starts that calls a job stalled after 0.2 seconds
  hub | startup | hub | -
      Starting the hub
      cute: The hub rubs its eyes
  hub | ready | 127.0.0.1 | -
      Listening on 127.0.0.1 port <port>
      cute: All ears at 127.0.0.1

And the provisioner begins to build an engine for "job-123" and says no more
  hub | stall | job-123 | - | warn
      Job job-123 has been quiet for <duration>; it waits for provisioner
      cute: job-123 stares out of the window; it waits for provisioner

Then "hub" narrates "stall" with:

And the board says that "job-123" waits for "provisioner": "Building engine llamacpp-v1"
