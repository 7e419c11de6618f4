"""The model: the native library, loading, prompt evaluation, generation, and stopping at any moment."""
