Scenario: One facade speaks to two kinds of servers

Given an adapter host over a worker and a server of another kind

When each has a job, then a job that is cancelled, and a server that is gone has one
  adapter-host | execute | ours | c1 j1
      Having ours answer, by the adapter for worker
  adapter-host | execute | ours | c1 j1
      ours has answered in full: length
  adapter-host | execute | ours | c2 j2
      Having ours answer, by the adapter for worker
  adapter-host | execute | ours | c2 j2
      Stopped the job of ours, as asked
  adapter-host | execute | other | c3 j3
      Having other answer, by the adapter for openai
  adapter-host | execute | other | c3 j3
      other has answered in full: length
  adapter-host | execute | other | c4 j4
      Having other answer, by the adapter for openai
  adapter-host | execute | other | c4 j4
      Stopped the job of other, as asked
  adapter-host | execute | gone | c5 j5
      Having gone answer, by the adapter for openai
  adapter-host | execute | gone | c5 j5 | warn: unreachable
      gone gave no whole answer: UNREACHABLE

Then "adapter-host" narrates "execute" with:

And "adapter-host" narrates "execute" with:

And "adapter-host" narrates "execute" with:
