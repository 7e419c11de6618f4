Scenario: A piece of work that fails says why

When the pool manager loads a model that is broken
  pool-managerd | model_load | tiny.gguf | -
      Loading tiny.gguf
  pool-managerd | model_load | tiny.gguf | - | error: OSError
      Failed (OSError): Loading tiny.gguf

Then "pool-managerd" narrates "model_load" with:
