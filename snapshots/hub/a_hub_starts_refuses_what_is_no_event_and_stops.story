Scenario: A hub starts, refuses what is no event, and stops

When a hub starts
  hub | startup | hub | -
      Starting the hub
      cute: The hub rubs its eyes
  hub | ready | 127.0.0.1 | -
      Listening on 127.0.0.1 port <port>
      cute: All ears at 127.0.0.1

And somebody sends it an event and a line of nonsense
  hub | refuse | unknown | c1 | warn
      Refused events of unknown: 1; the first because it is not a JSON object
      cute: 1 letter of unknown could not be read: it is not a JSON object

And the hub stops
  hub | shutdown | hub | -
      Shut down after SIGTERM
      cute: Lights out after SIGTERM

Then the story includes, in order:
