Scenario: A hub says which others it did not search

When two hubs start that share their streams
  hub | startup | hub | -
      Starting the hub
      cute: The hub rubs its eyes
  hub | engine | 127.0.0.1:<port> | -
      Sharing streams with other hubs through 127.0.0.1:<port>
      cute: Everybody hums the same tune at 127.0.0.1:<port>
  hub | ready | 127.0.0.1 | -
      Listening on 127.0.0.1 port <port>
      cute: All ears at 127.0.0.1
  hub | startup | hub | -
      Starting the hub
      cute: The hub rubs its eyes
  hub | engine | 127.0.0.1:<port> | -
      Sharing streams with other hubs through 127.0.0.1:<port>
      cute: Everybody hums the same tune at 127.0.0.1:<port>
  hub | ready | 127.0.0.1 | -
      Listening on 127.0.0.1 port <port>
      cute: All ears at 127.0.0.1

And "frontend" tells the first hub of "req-7": "Order taken"

Then the first hub finds "Order taken" 1 times, and says that it did not ask "the-second"

And the second hub finds "Order taken" 0 times, and says that it did not ask "the-first"

And the story includes, in order:
