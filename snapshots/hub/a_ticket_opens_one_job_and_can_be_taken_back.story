Scenario: A ticket opens one job, and can be taken back

When a hub starts
  hub | startup | hub | -
      Starting the hub
      cute: The hub rubs its eyes
  hub | ready | 127.0.0.1 | -
      Listening on 127.0.0.1 port <port>
      cute: All ears at 127.0.0.1

And somebody makes a ticket for "job-123"
  hub | ticket | job job-123 | c1
      Made a ticket that may read job job-123
      cute: A ticket for job job-123, please do not bend it

And somebody revokes the tickets of "job-123"
  hub | revoke | job job-123 | c2
      Revoked every ticket of job job-123; streams closed: 0
      cute: All tickets of job job-123 are paper now

Then "hub" narrates "ticket" with:

And "hub" narrates "revoke" with:
