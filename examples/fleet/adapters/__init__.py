"""What every kind of inference server is spoken to like: one adapter for each kind."""

from collections.abc import AsyncIterator
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta

from fleet.wire import Name


class Submission(msgspec.Struct, frozen=True):
    """A job for any server: POST /v1/adapters/{name}/jobs."""

    job_id: Name
    prompt: Annotated[str, Meta(min_length=1, max_length=20_000)]
    max_tokens: Annotated[int, Meta(ge=1, le=4096)] = 64
    seed: Annotated[int, Meta(ge=0, le=2**32 - 1)] = 0


class Token(msgspec.Struct, frozen=True):
    """A part of an answer."""

    t: str


class Ended(msgspec.Struct, frozen=True):
    """The end of an answer.

    Attributes:
        reason: why it ends there: stop, length or eos; cancelled when its user wanted no more.
        parts: how many tokens, or parts of a text, it has.
    """

    reason: str
    parts: int


class Health(msgspec.Struct, frozen=True):
    """Whether a server can be used.

    Attributes:
        status: in the server's own words.
    """

    healthy: bool
    status: str


class Props(msgspec.Struct, frozen=True):
    """What is known of a server.

    Attributes:
        kind: of the adapter.
        url: without anything secret in it.
        model: the name of the model that it answers with.
        context_tokens: prompt and answer together; None when the server does not say.
    """

    kind: str
    url: str
    model: str
    context_tokens: int | None = None


class Adapter(Protocol):
    """One kind of server. Every method raises `CallError` when the server does not help."""

    def submit(self, job: Submission) -> AsyncIterator[Token | Ended]:
        """Have a job done; yield the answer as it comes, and its end."""
        ...

    async def cancel(self, job_id: str) -> bool:
        """Stop a job; tell whether it was there."""
        ...

    async def health(self) -> Health:
        """Ask how the server is."""
        ...

    async def props(self) -> Props:
        """Ask what the server is."""
        ...
