"""Narration coverage: which points of a system are heard and asserted by its tests, and the gate on it.

Reads source text and the run records that `capture` writes; imports neither, nor the code that it measures.
"""
