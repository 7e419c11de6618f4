"""The reference worker: one GGUF model on one device, over HTTP, narrated in plain English."""
