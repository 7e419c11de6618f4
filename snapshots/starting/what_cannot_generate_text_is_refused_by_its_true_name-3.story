Scenario: What cannot generate text is refused by its true name

Given a model file that is a LoRA adapter

When a worker tries to start
  worker | startup | w1 | -
      Starting worker for other.gguf on cpu
      cute: A little worker for other.gguf opens its eyes on cpu
  worker | start_failed | other.gguf | - | fatal: model_load_failed
      Cannot start: it is a LoRA adapter, not a model; merge it into its model
      cute: Back to bed: it is a LoRA adapter, not a model; merge it into its model

Then it ends with exit code 1

And "worker" narrates "start_failed" with:
