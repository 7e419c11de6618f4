Scenario: A service that logs with OpenTelemetry is heard, and an empty record is refused

When a hub starts
  hub | startup | hub | -
      Starting the hub
      cute: The hub rubs its eyes
  hub | ready | 127.0.0.1 | -
      Listening on 127.0.0.1 port <port>
      cute: All ears at 127.0.0.1

And "payments" logs "Card refused" for "req-7" with OpenTelemetry, and sends an empty record
  hub | refuse | payments | c1 | warn
      Refused events of payments: 1; the first because it has no human
      cute: 1 letter of payments could not be read: it has no human

Then "hub" narrates "refuse" with:

And the hub tells the story of "req-7" as "payments": "Card refused"
