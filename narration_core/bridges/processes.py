"""Process pools and processes that carry the scope: what they narrate belongs to the story of whoever gave the work."""

from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing.context import BaseContext
from multiprocessing.pool import Pool
from multiprocessing.process import BaseProcess
from typing import Any, ParamSpec, TypeVar

from narration_core._context import propagate

P = ParamSpec("P")
R = TypeVar("R")


class NarratingProcessPool(ProcessPoolExecutor):
    """A `ProcessPoolExecutor` whose work has the scope of the moment when it was submitted; `map` does as well."""

    def submit(self, fn: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> Future[R]:
        """Submit work that can be pickled."""
        return super().submit(propagate(fn), *args, **kwargs)


class NarratingPool(Pool):
    """A `multiprocessing.Pool` whose work has the scope of the moment when it was given.

    The arguments are those of `multiprocessing.Pool`, and `context`, what `multiprocessing.get_context` returns.
    """

    def apply_async(self, func: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Run a function once; `apply` comes here too."""
        return super().apply_async(propagate(func), *args, **options)

    def map(self, func: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Run a function on each item."""
        return super().map(propagate(func), *args, **options)

    def map_async(self, func: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Run a function on each item, without waiting."""
        return super().map_async(propagate(func), *args, **options)

    def starmap(self, func: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Run a function on each tuple of arguments."""
        return super().starmap(propagate(func), *args, **options)

    def starmap_async(self, func: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Run a function on each tuple of arguments, without waiting."""
        return super().starmap_async(propagate(func), *args, **options)

    def imap(self, func: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Run a function on each item, and give the results in order."""
        return super().imap(propagate(func), *args, **options)

    def imap_unordered(self, func: Callable[..., Any], *args: Any, **options: Any) -> Any:
        """Run a function on each item, and give the results as they come."""
        return super().imap_unordered(propagate(func), *args, **options)


def start_process(
    target: Callable[..., object], *args: Any, context: BaseContext | None = None, **kwargs: Any
) -> BaseProcess:
    """Start a process that has the scope of now, however it is started: by fork, spawn or forkserver.

    Args:
        target: what it runs; it must be possible to pickle it unless the process is forked.
        args: its positional arguments.
        context: what `multiprocessing.get_context` returned; the default one when absent.
        kwargs: its named arguments.

    Returns:
        The process, started.
    """
    import multiprocessing  # noqa: PLC0415 - costs milliseconds at import

    made = (context or multiprocessing.get_context()).Process  # type: ignore[attr-defined]  # every context has it
    process: BaseProcess = made(target=propagate(target), args=args, kwargs=kwargs)
    process.start()
    return process
