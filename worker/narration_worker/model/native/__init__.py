"""All access to llama.cpp through ctypes: log, devices, architectures, model, context, sampler.

This package imports llama_cpp, which takes a third of a second: import it only where a model is loaded.
"""

import llama_cpp

from narration_worker.model.native._library import Architecture, NativeError, ask_architecture, cuda, gpu_devices
from narration_worker.model.native._model import CHUNK, AbortFlag, Burst, Model, tokenise
from narration_worker.model.native._sampler import GREEDY_BELOW, Sampler

__all__ = [
    "CHUNK",
    "GREEDY_BELOW",
    "AbortFlag",
    "Architecture",
    "Burst",
    "Model",
    "NativeError",
    "Sampler",
    "ask_architecture",
    "cuda",
    "gpu_devices",
    "llama_cpp",
    "tokenise",
]
