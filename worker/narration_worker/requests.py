"""The bodies of `/execute` and `/cancel`, validated field by field."""

import math
import secrets
from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from narration_worker.wire import Fault

MAX_BODY: Final = 256 * 1024
"""Longest request body, in bytes."""

MAX_SEED: Final = 2**64 - 1
RANDOM_SEED: Final = 0xFFFFFFFF
"""llama.cpp chooses a random seed when it gets this one."""

JobId = Annotated[str, Meta(min_length=1, max_length=256, pattern=r"^[A-Za-z0-9._:-]+$")]


class ExecuteRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A request to generate text.

    Attributes:
        job_id: the caller's id for the job; a new one when absent.
        prompt: the text to continue.
        max_tokens: longest answer, in tokens.
        temperature: 0 always takes the most likely token; higher values vary more.
        top_p: keep the most likely tokens that together reach this probability.
        top_k: keep this many of the most likely tokens; 0 keeps all.
        min_p: keep tokens with at least this share of the most likely token's probability.
        repetition_penalty: above 1 avoids repetition; 1 and 0 do nothing.
        stop: texts that end the answer and are not sent.
        seed: makes the answer repeatable; a new one when absent.
    """

    prompt: Annotated[str, Meta(min_length=1, max_length=32768)]
    job_id: JobId | None = None
    max_tokens: Annotated[int, Meta(ge=1, le=4096)] = 256
    temperature: Annotated[float, Meta(ge=0, le=2)] = 0.7
    top_p: Annotated[float, Meta(ge=0, le=1)] = 1.0
    top_k: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0
    min_p: Annotated[float, Meta(ge=0, le=1)] = 0.0
    repetition_penalty: Annotated[float, Meta(ge=0, le=2)] = 1.0
    stop: Annotated[list[Annotated[str, Meta(min_length=1, max_length=32)]], Meta(max_length=4)] = msgspec.field(
        default_factory=list
    )
    seed: Annotated[int, Meta(ge=0)] | None = None


_WHOLE_NUMBERS: Final = ("max_tokens", "top_k", "seed")


class CancelRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The job to stop."""

    job_id: JobId


def native_seed(seed: int | None) -> int:
    """Return a seed for llama.cpp: 32 bits, and never the value that means "random"."""
    if seed is None:
        return secrets.randbelow(RANDOM_SEED)
    folded = (seed ^ (seed >> 32)) & RANDOM_SEED
    return folded if folded != RANDOM_SEED else RANDOM_SEED - 1


def parse_execute(body: bytes) -> tuple[ExecuteRequest | None, list[Fault]]:
    """Return the request in a body, or every fault of the body."""
    return _parse(body, ExecuteRequest, _more_faults)


def parse_cancel(body: bytes) -> tuple[CancelRequest | None, list[Fault]]:
    """Return the request in a body, or every fault of the body."""
    return _parse(body, CancelRequest, lambda _: [])


def _parse(body: bytes, kind: Any, more: Callable[[dict[str, Any]], list[Fault]]) -> tuple[Any, list[Fault]]:
    if len(body) > MAX_BODY:
        return None, [Fault("body", f"is {len(body)} bytes, at most {MAX_BODY} are read")]
    try:
        given = msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError) as error:
        return None, [Fault("body", f"is not valid JSON: {error}")]
    if not isinstance(given, dict):
        return None, [Fault("body", "must be a JSON object")]
    given = {name: _whole(value) if name in _WHOLE_NUMBERS else value for name, value in given.items()}
    faults = more(given)
    try:
        whole = msgspec.convert(given, kind)
    except (msgspec.ValidationError, OverflowError) as error:
        return None, [*_field_faults(given, kind), *faults] or [Fault("body", str(error))]
    return (None, faults) if faults else (whole, [])


def _whole(value: Any) -> Any:
    """Return 7 for 7.0: in JSON Schema they are the same integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _field_faults(given: dict[str, Any], kind: Any) -> list[Fault]:
    """Check each field by itself, to find every fault and not only the first."""
    faults = []
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    faults += [Fault(str(name)[:64], "is not a field of this request") for name in given if name not in fields]
    for name, field in fields.items():
        if name not in given:
            if field.required:
                faults.append(Fault(name, "is required"))
            continue
        try:
            msgspec.convert(given[name], field.type)
        except (msgspec.ValidationError, OverflowError) as error:
            faults.append(Fault(name, str(error).replace("`", "").partition(" - at")[0]))
    return faults


def _more_faults(given: dict[str, Any]) -> list[Fault]:
    """Return faults that field types do not find: text that cannot be encoded, NaN and infinity."""
    faults = []
    for name, value in given.items():
        texts = value if isinstance(value, list) else [value]
        for text in texts:
            if isinstance(text, str) and not _encodable(text):
                faults.append(Fault(str(name)[:64].encode("ascii", "replace").decode(), "contains a lone surrogate"))
            if isinstance(text, float) and not math.isfinite(text):
                faults.append(Fault(name, "must be a finite number"))
    seed = given.get("seed")
    if isinstance(seed, int) and seed > MAX_SEED:
        faults.append(Fault("seed", f"must be at most {MAX_SEED}"))
    return faults


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
