"""The fleet is an example: `support.fleet` makes its package known."""

import support.fleet  # noqa: F401 - its effect is needed
