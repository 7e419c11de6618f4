"""A small inference fleet in which every service narrates and none prints; read README.md beside this file."""
