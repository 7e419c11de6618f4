"""Mutation: points broken on purpose, to see whether the tests notice."""
