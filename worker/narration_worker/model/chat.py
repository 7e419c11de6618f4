"""Chat messages as one prompt, through the model's own template."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

from narration_worker.errors import WorkerError
from narration_worker.requests import MAX_PROMPT, ChatMessage

TEMPLATE_CPU_S: Final = 1.0
"""How long a template may compute for one chat, in seconds of its thread; most take some milliseconds."""

LONGEST_TEXT: Final = 8 * MAX_PROMPT
"""What a template may make of messages that have at most `MAX_PROMPT` characters together."""

_TEMPLATE_BUGS: Final = (
    TypeError,
    ValueError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    MemoryError,
)
"""What a template can raise, which is a program from the model's file, besides jinja2's own errors."""


class _TooSlowError(Exception):
    """A template did not end."""


@contextmanager
def _cpu_limit() -> Iterator[None]:
    """Stop what a template does in this thread when it has computed for too long: nothing else would."""
    until = time.thread_time() + TEMPLATE_CPU_S

    def look(_frame: FrameType, _event: str, _argument: object) -> Callable[..., Any]:
        if time.thread_time() > until:
            raise _TooSlowError
        return look

    before = sys.gettrace()
    sys.settrace(look)
    try:
        yield
    finally:
        sys.settrace(before)


def render(template: str | None, messages: Sequence[ChatMessage], begin: str, end: str) -> str:
    """Return the prompt of a chat, up to where the assistant's answer begins.

    Args:
        template: the model's Jinja template.
        messages: the chat so far.
        begin: text of the token that begins a text.
        end: text of the token that ends a text.

    Raises:
        WorkerError: INVALID_REQUEST, the model has no template, or its template refuses these messages, does not end
            or makes too long a text of them.
    """
    if template is None:
        raise WorkerError(
            "INVALID_REQUEST", "need a chat template, and this model has none", "send `prompt` instead of `messages`"
        )
    import jinja2  # noqa: PLC0415 - only for chats
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter  # noqa: PLC0415

    try:
        # Sandboxed: the template comes with the model's file.
        formatter = Jinja2ChatFormatter(template, eos_token=end, bos_token=begin)
        listed: list[Any] = [{"role": message.role, "content": message.content} for message in messages]
        with _cpu_limit():
            text: str = formatter(messages=listed).prompt
    except _TooSlowError:
        raise WorkerError(
            "INVALID_REQUEST",
            f"keep the model's chat template busy for more than {TEMPLATE_CPU_S:g} s",
            "send fewer messages, or `prompt` instead; if no chat works, the template in the model's file is wrong",
        ) from None
    except (jinja2.TemplateError, *_TEMPLATE_BUGS) as error:
        kind = type(error).__name__  # not its text, which may repeat a message
        raise WorkerError(
            "INVALID_REQUEST",
            f"are refused by the model's chat template ({kind})",
            "many templates need messages that alternate between user and assistant",
        ) from None
    if len(text) > LONGEST_TEXT:
        raise WorkerError(
            "INVALID_REQUEST",
            f"become {len(text)} characters in the model's chat template, and {LONGEST_TEXT} are the most",
            "send fewer messages, or `prompt` instead; if no chat works, the template in the model's file is wrong",
        )
    return text
