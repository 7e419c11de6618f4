Scenario: A caller without a token, one without HTTP, and a service whose port is taken

Given a fleet

When "pool-managerd" is called without a token, and without HTTP, and another service wants its port
  pool-managerd | auth | 127.0.0.1 | c1 | warn
      Refused a caller at 127.0.0.1: it shows no token
  pool-managerd | http | 127.0.0.1 | - | warn: BadHttpMethod
      What came from 127.0.0.1 is not a valid HTTP request
  model-provisioner | bind_failed | 127.0.0.1 | - | fatal: address_already_in_use
      Cannot listen on 127.0.0.1 port <port>: address already in use; choose another --port

Then "pool-managerd" narrates "auth" with:

And "pool-managerd" narrates "http" with:

And "model-provisioner" narrates "bind_failed" with:
