"""Functions of every kind, sync, async, generator and async generator, wrapped so that each run is inside a block."""

import functools
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import AbstractContextManager
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])
Function = Callable[..., Any]
Block = Callable[[], AbstractContextManager[Any]]


def wrapped(function: F, block: Block) -> F:
    """Return the function with each run inside a block of its own.

    Args:
        function: sync, async, a generator or an async generator. The block of a generator begins when its first item
            is asked for.
        block: returns the context manager of one run.
    """
    import inspect  # noqa: PLC0415 - costs milliseconds at import, and only decorators need it

    wrap = _sync
    if inspect.iscoroutinefunction(function):
        wrap = _async
    elif inspect.isasyncgenfunction(function):
        wrap = _async_generator
    elif inspect.isgeneratorfunction(function):
        wrap = _generator
    return cast("F", functools.wraps(function)(wrap(function, block)))


def _sync(function: Function, block: Block) -> Function:
    def run(*args: Any, **kwargs: Any) -> Any:
        with block():
            return function(*args, **kwargs)

    return run


def _async(function: Function, block: Block) -> Function:
    async def run(*args: Any, **kwargs: Any) -> Any:
        with block():
            return await function(*args, **kwargs)

    return run


def _generator(function: Function, block: Block) -> Function:
    def run(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        with block():
            return (yield from function(*args, **kwargs))

    return run


def _async_generator(function: Function, block: Block) -> Function:
    async def run(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        with block():
            # An async generator has no `yield from`: this is what it would do.
            steps: AsyncGenerator[Any, Any] = function(*args, **kwargs)
            answer, resume = None, steps.asend
            while True:
                try:
                    item = await resume(answer)
                except StopAsyncIteration:
                    return
                try:
                    answer, resume = (yield item), steps.asend
                except GeneratorExit:
                    await steps.aclose()
                    raise
                except BaseException as thrown:  # noqa: BLE001 - whatever the consumer throws in
                    answer, resume = thrown, steps.athrow

    return run
