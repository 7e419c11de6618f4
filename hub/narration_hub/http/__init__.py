"""Serving the hub over HTTP."""
