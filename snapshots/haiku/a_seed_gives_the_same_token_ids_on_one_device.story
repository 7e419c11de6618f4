Scenario: A seed gives the same token ids on one device

When two engines, one after the other, answer from seed 42
  worker | device_init | cpu | -
      Using the CPU, as asked for with --device cpu
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 0 %
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 25 %
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 50 %
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 75 %
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 100 %
  worker | device_init | cpu | -
      Using the CPU, as asked for with --device cpu
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 0 %
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 25 %
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 50 %
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 75 %
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 100 %

Then both drew the same token ids

And both lists of token ids are kept as proof "token-ids" of seed 42
