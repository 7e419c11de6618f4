"""Functions of every kind, sync, async, generator and async generator, wrapped so that each run is inside a block."""

import functools
from collections.abc import AsyncGenerator, Callable, Collection, Generator, Mapping
from contextlib import AbstractContextManager
from typing import Any, TypeVar, cast

F = TypeVar("F", bound=Callable[..., Any])
Function = Callable[..., Any]
Block = Callable[..., AbstractContextManager[Any]]


def wrapped(function: F, block: Block) -> F:
    """Return the function with each run inside a block of its own.

    Args:
        function: sync, async, a generator or an async generator. The block of a generator begins when its first item
            is asked for.
        block: returns the context manager of one run; called with the run's own arguments.
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
        with block(*args, **kwargs):
            return function(*args, **kwargs)

    return run


def _async(function: Function, block: Block) -> Function:
    async def run(*args: Any, **kwargs: Any) -> Any:
        with block(*args, **kwargs):
            return await function(*args, **kwargs)

    return run


def _generator(function: Function, block: Block) -> Function:
    def run(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        with block(*args, **kwargs):
            return (yield from function(*args, **kwargs))

    return run


def _async_generator(function: Function, block: Block) -> Function:
    async def run(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        with block(*args, **kwargs):
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


def named_arguments(
    function: Function, names: Collection[str]
) -> Callable[[tuple[Any, ...], Mapping[str, Any]], dict[str, Any]]:
    """Return a function that picks arguments of a call by the names of their parameters.

    Args:
        function: what is called.
        names: the parameters that are wanted; those that it does not have are left out.
    """
    import inspect  # noqa: PLC0415 - as above

    wanted = [name for name in inspect.signature(function).parameters if name in names] if names else []
    if not wanted:
        return lambda _, __: {}
    bind = inspect.signature(function).bind

    def pick(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        try:
            call = bind(*args, **kwargs)
        except TypeError:  # the call itself will say what is wrong
            return {}
        call.apply_defaults()
        return {name: call.arguments[name] for name in wanted}

    return pick
