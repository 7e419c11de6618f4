Scenario: A seed gives the same token ids on one device

When two engines, one after the other, answer from seed 42
  worker | device_init | cpu | -
      Using the CPU, as asked for with --device cpu
      cute: No GPU today, the CPU will do its best
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 0 %
      cute: 0 % of haiku-1m-q8_0.gguf is in
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 25 %
      cute: 25 % of haiku-1m-q8_0.gguf is in
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 50 %
      cute: 50 % of haiku-1m-q8_0.gguf is in
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 75 %
      cute: 75 % of haiku-1m-q8_0.gguf is in
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 100 %
      cute: 100 % of haiku-1m-q8_0.gguf is in
  worker | device_init | cpu | -
      Using the CPU, as asked for with --device cpu
      cute: No GPU today, the CPU will do its best
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 0 %
      cute: 0 % of haiku-1m-q8_0.gguf is in
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 25 %
      cute: 25 % of haiku-1m-q8_0.gguf is in
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 50 %
      cute: 50 % of haiku-1m-q8_0.gguf is in
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 75 %
      cute: 75 % of haiku-1m-q8_0.gguf is in
  worker | model_load | haiku-1m-q8_0.gguf | -
      Loading haiku-1m-q8_0.gguf: 100 %
      cute: 100 % of haiku-1m-q8_0.gguf is in

Then both drew the same token ids

And both lists of token ids are kept as proof "token-ids" of seed 42
