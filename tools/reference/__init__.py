"""The reference pages of the documentation, each written from the one place in the code that holds the facts."""
