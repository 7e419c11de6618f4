"""Narration coverage: which points of a system its tests reach and assert, and the gate on it.

Reads source text and the run records that `capture` writes; imports neither, nor the code that it measures.
"""
