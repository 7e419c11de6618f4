"""Reading source code: the points that a project declares, and mistakes in how they are written."""
