Scenario: The example that comes with the hub shows a request that is stuck

When a hub starts with its example, and calls a job stalled after 2 seconds
  hub | startup | hub | -
      Starting the hub
      cute: The hub rubs its eyes
  hub | ready | 127.0.0.1 | -
      Listening on 127.0.0.1 port <port>
      cute: All ears at 127.0.0.1
  hub | stall | order-1042 | - | warn
      Job order-1042 has been quiet for <duration>; it waits for payments
      cute: order-1042 stares out of the window; it waits for payments

Then "hub" narrates "stall" with:

And the board says that "order-1042" waits for "payments": "The bank has not answered yet"
