"""A thread pool whose work runs in the context of the submitting code."""

import concurrent.futures
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from narration_core._context import propagate

P = ParamSpec("P")
R = TypeVar("R")


class NarratingExecutor(concurrent.futures.ThreadPoolExecutor):
    """A thread pool whose work runs in the context from which it was submitted; also for `run_in_executor`."""

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> concurrent.futures.Future[R]:
        """Submit work together with the caller's context."""
        return super().submit(propagate(fn), *args, **kwargs)
