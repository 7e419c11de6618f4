Scenario: Two hubs show one request

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

And "builder" tells the second hub of "req-7": "Order built"

Then each hub tells "req-7" live as:
