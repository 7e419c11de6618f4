Scenario: One facade speaks to two kinds of servers

Given an adapter host over a worker and a server of another kind

When each has a job, then a job that is cancelled, and a server that is gone has one
  adapter-host | execute | ours | c1 j1
      Asking ours for an answer, through the worker adapter
  adapter-host | execute | ours | c1 j1
      ours answered in full, ended by length
  adapter-host | execute | ours | c2 j2
      Asking ours for an answer, through the worker adapter
  adapter-host | execute | ours | c2 j2
      Stopped the job of ours, as asked
  adapter-host | execute | other | c3 j3
      Asking other for an answer, through the openai adapter
  adapter-host | execute | other | c3 j3
      other answered in full, ended by length
  adapter-host | execute | other | c4 j4
      Asking other for an answer, through the openai adapter
  adapter-host | execute | other | c4 j4
      Stopped the job of other, as asked
  adapter-host | execute | gone | c5 j5
      Asking gone for an answer, through the openai adapter
  adapter-host | execute | gone | c5 j5 | warn: unreachable
      gone gave no whole answer: gone cannot be reached

Then "adapter-host" narrates "execute" with:

And "adapter-host" narrates "execute" with:

And "adapter-host" narrates "execute" with:
