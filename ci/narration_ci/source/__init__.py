"""Reading source code: the points that a project declares, and what can be wrong with them."""
