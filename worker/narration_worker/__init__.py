"""The reference worker: one GGUF model on one device, over HTTP, told in plain English."""
