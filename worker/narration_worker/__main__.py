"""`python -m narration_worker` is `narration worker`."""

from narration_core.serving.early_signals import remember_signals

remember_signals()

from narration_core.cli import start  # noqa: E402 - slow to import; signals are remembered before

start("worker")
