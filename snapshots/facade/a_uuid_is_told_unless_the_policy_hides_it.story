Scenario: A UUID is told, unless the policy hides it

When the pool manager passes on a UUID
  pool-managerd | call | worker | -
      Calling worker <uuid>

Then the narration includes "3b241101-e2bb-4255-8caf-4136c566a962"

And the policy may hide it
