"""Chat messages as one prompt, through the model's own template."""

from collections.abc import Sequence
from typing import Any, Final

from narration_worker.errors import WorkerError
from narration_worker.requests import ChatMessage

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


def render(template: str | None, messages: Sequence[ChatMessage], begin: str, end: str) -> str:
    """Return the prompt of a chat, up to where the assistant's answer begins.

    Args:
        template: the model's Jinja template.
        messages: the chat so far.
        begin: text of the token that begins a text.
        end: text of the token that ends a text.

    Raises:
        WorkerError: INVALID_REQUEST, the model has no template, or its template refuses these messages.
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
        return formatter(messages=listed).prompt
    except (jinja2.TemplateError, *_TEMPLATE_BUGS) as error:
        kind = type(error).__name__  # not its text, which may repeat a message
        raise WorkerError(
            "INVALID_REQUEST",
            f"the model's chat template refuses these messages ({kind})",
            "many templates need messages that alternate between user and assistant",
        ) from None
