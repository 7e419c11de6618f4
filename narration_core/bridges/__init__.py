"""Connections to other logging systems; each imports its system only when it is used."""
