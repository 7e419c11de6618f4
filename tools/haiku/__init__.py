"""How the bundled model is made: `python -m tools.haiku` trains, exports and checks it (needs torch, gguf, llama-cpp-python)."""
