Scenario: What cannot generate text is refused by its true name

Given a model file that is a later shard

When a worker tries to start
  worker | startup | w1 | -
      Starting worker for other.gguf on cpu
      cute: A little worker for other.gguf opens its eyes on cpu
  worker | start_failed | other.gguf | - | fatal: model_load_failed
      Cannot start: it is shard 2 of 3
      cute: Back to bed: it is shard 2 of 3

Then it ends with exit code 1

And "worker" narrates "start_failed" with:
