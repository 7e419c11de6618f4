"""Connections to other logging systems; each imports its system only when it is used."""

import narration_core._configuration  # noqa: F401 - the first event through a bridge configures the facade
