Scenario: A piece of work is told at its start, on its way and at its end

When the pool manager loads a model in three steps
  pool-managerd | model_load | tiny.gguf | -
      Loading tiny.gguf
  pool-managerd | model_load | tiny.gguf | -
      Loading tiny.gguf: 50 %
  pool-managerd | model_load | tiny.gguf | -
      Finished: Loading tiny.gguf

Then the story is exactly:
