Scenario: A hub goes on while Redis is away, and the other hub gets what it missed

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

And Redis is killed
  hub | engine | 127.0.0.1:<port> | - | error: engine_left
      Going on without the other hubs: 127.0.0.1:<port>: the connection broke
      cute: Humming alone for a while: the connection broke
  hub | engine | 127.0.0.1:<port> | - | error: engine_left
      Going on without the other hubs: 127.0.0.1:<port>: the connection broke
      cute: Humming alone for a while: the connection broke

And "frontend" tells the first hub of "req-7": "Order paid"

And Redis is started again
  hub | engine | 127.0.0.1:<port> | -
      Sharing streams with other hubs through 127.0.0.1:<port>
      cute: Everybody hums the same tune at 127.0.0.1:<port>
  hub | engine | 127.0.0.1:<port> | -
      Sharing streams with other hubs through 127.0.0.1:<port>
      cute: Everybody hums the same tune at 127.0.0.1:<port>

Then each hub tells "req-7" live as:

And the story includes, in order:
