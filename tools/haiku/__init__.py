"""Builds the bundled model: `python -m tools.haiku` trains, exports and checks it.

Needs torch, numpy, gguf and llama-cpp-python.
"""
