"""How the bundled model is made: `python -m tools.haiku` trains, exports and checks it.

Needs torch, numpy, gguf and llama-cpp-python; none of them for anything but this.
"""
