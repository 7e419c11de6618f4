"""The bodies of `/execute` and `/cancel`, validated field by field."""

import contextlib
import json
import math
import re
import secrets
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Final, Literal, get_args

import msgspec
from msgspec import Meta

from narration_core.nouns import counted
from narration_worker.fault_text import plain_fault, plain_json_fault
from narration_worker.wire import Fault

MAX_PROMPT: Final = 32768
"""Longest prompt, in characters."""

MAX_BODY: Final = 512 * 1024
"""Longest request body, in bytes: a prompt of emoji takes 12 bytes a character when JSON escapes them."""

MAX_FAULTS: Final = 20

MAX_SEED: Final = 2**64 - 1
UNKNOWN_FIELD: Final = "is not a field of this request"
RANDOM_SEED: Final = 0xFFFFFFFF
"""llama.cpp chooses a random seed when it gets this one."""

# `$` alone matches before a final newline.
JobId = Annotated[str, Meta(min_length=1, max_length=256, pattern=r"^[A-Za-z0-9._:-]+$(?!\n)")]


Role = Literal["system", "user", "assistant"]
_CHOICES: Final = {"role": get_args(Role)}


class ChatMessage(msgspec.Struct, forbid_unknown_fields=True):
    """One message of a chat.

    Attributes:
        role: who says it.
        content: what is said.
    """

    role: Role
    content: Annotated[str, Meta(max_length=MAX_PROMPT)]


class ExecuteRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A request to generate text.

    Attributes:
        job_id: the caller's id for the job; a new one when absent.
        prompt: the text to continue; either this or `messages`.
        messages: a chat to answer, through the model's own template; either this or `prompt`.
        max_tokens: longest answer, in tokens.
        temperature: 0 always takes the most likely token; higher values vary more.
        top_p: keep the most likely tokens that together reach this probability.
        top_k: keep this many of the most likely tokens; 0 keeps all.
        min_p: keep tokens with at least this share of the most likely token's probability.
        repetition_penalty: above 1 avoids repetition; 1 and 0 do nothing.
        stop: texts that end the answer and are not sent.
        seed: makes the answer repeatable; a new one when absent.
        stream: false gives the whole answer as one JSON object, when it is finished.
        parse_special: read the model's special tokens in `prompt`, such as `<s>`, as tokens and not as text.
    """

    prompt: Annotated[str, Meta(min_length=1, max_length=MAX_PROMPT)] | None = None
    messages: Annotated[list[ChatMessage], Meta(min_length=1, max_length=256)] | None = None
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
    stream: bool = True
    parse_special: bool = False

    @property
    def prompt_chars(self) -> int:
        """Length of the prompt or of all messages, in characters."""
        return sum(map(len, self.texts))

    @property
    def texts(self) -> list[str]:
        """The prompt, or the messages' contents."""
        return [message.content for message in self.messages or ()] if self.prompt is None else [self.prompt]


_SIGN: Final = re.compile(r"\s*([{,:])\s*")
_read_value: Final = json.JSONDecoder().raw_decode
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


def sent_job_id(body: bytes) -> str | None:
    """Return the job id of a body that may be invalid otherwise, or None when it has no valid one.

    Of a body that is not JSON, only what is whole before its fault counts: a prompt may say "job_id" too.
    """
    given, fault = _decode(body)
    if given is None and fault is not None:
        given = dict(_whole_members(body.decode("utf-8", "surrogateescape")))
    return valid_job_id(given.get("job_id")) if isinstance(given, dict) else None


def valid_job_id(given: object) -> str | None:
    """Return what is given as a job id, or None when it is not one."""
    try:
        return msgspec.convert(given, JobId)
    except msgspec.ValidationError:
        return None


def _whole_members(text: str) -> Iterator[tuple[str, Any]]:
    """Yield the members of a JSON object, up to its first fault."""
    sign, at = "{", 0
    with contextlib.suppress(ValueError, RecursionError):
        while True:
            name, at = _read_value(text, _after(sign, text, at))
            value, at = _read_value(text, _after(":", text, at))
            if not isinstance(name, str):
                return
            yield name, value
            sign = ","


def _after(sign: str, text: str, at: int) -> int:
    """Return the index after a sign of JSON and the spaces around it.

    Raises:
        ValueError: something else is there.
    """
    found = _SIGN.match(text, at)
    if found is None or found[1] != sign:
        raise ValueError(sign)
    return found.end()


def _parse(body: bytes, kind: Any, more: Callable[[dict[str, Any]], list[Fault]]) -> tuple[Any, list[Fault]]:
    if len(body) > MAX_BODY:
        return None, [Fault("body", f"is {len(body)} bytes, at most {MAX_BODY} are read")]
    given, not_json = _decode(body)
    if not_json is not None and not isinstance(given, dict):
        return None, [not_json]
    if not isinstance(given, dict):
        return None, [Fault("body", "must be a JSON object")]
    if not _encodable("".join(map(str, given))):
        return None, [Fault("body", "has a field name that contains a lone surrogate")]
    given = {name: _whole(value) if name in _WHOLE_NUMBERS else value for name, value in given.items()}
    faults = more(given)
    try:
        whole = msgspec.convert(given, kind)
    except (msgspec.ValidationError, OverflowError) as error:
        named = {fault.field for fault in faults}
        others = [fault for fault in _field_faults(given, kind) if fault.field not in named]
        return None, [*others, *faults] or [Fault("body", plain_fault(error, _CHOICES))]
    faults += _faults_together(whole)
    if not_json is not None and not faults:
        faults = [not_json]
    return (None, faults) if faults else (whole, [])


def _decode(body: bytes) -> tuple[Any, Fault | None]:
    """Return what a body says, and its fault when it is not valid JSON.

    NaN and lone surrogates are not valid either, but they are read, so that the fault can name their field.
    """
    try:
        return msgspec.json.decode(body), None
    except (msgspec.MsgspecError, UnicodeError, RecursionError, ValueError) as error:
        fault = Fault("body", plain_json_fault(error) if body.strip() else "is empty")
    try:
        return json.loads(body), fault
    except (ValueError, RecursionError):
        return None, fault


def _faults_together(whole: Any) -> list[Fault]:
    """Return faults that no single field shows."""
    if not isinstance(whole, ExecuteRequest):
        return []
    if (whole.prompt is None) == (whole.messages is None):
        return [Fault("prompt", "is required, or else messages, and not both")]
    if whole.prompt_chars > MAX_PROMPT:
        return [Fault("messages", f"must have at most {MAX_PROMPT} characters together")]
    return []


def _whole(value: Any) -> Any:
    """Return 7 for 7.0: in JSON Schema they are the same integer."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _field_faults(given: dict[str, Any], kind: Any) -> list[Fault]:
    """Check each field by itself, to find every fault and not only the first."""
    faults = []
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    unknown = [name for name in given if name not in fields]
    faults += [Fault(str(name)[:64], UNKNOWN_FIELD) for name in unknown[:MAX_FAULTS]]
    if len(unknown) > MAX_FAULTS:
        faults.append(Fault("body", f"has {counted(len(unknown) - MAX_FAULTS, 'more unknown field')}"))
    for name, field in fields.items():
        if name not in given:
            if field.required:
                faults.append(Fault(name, "is required"))
            continue
        try:
            msgspec.convert(given[name], field.type)
        except (msgspec.ValidationError, OverflowError) as error:
            faults.append(Fault(name, plain_fault(error, _CHOICES)))
    return faults


def _more_faults(given: dict[str, Any]) -> list[Fault]:
    """Return faults that field types do not find: text that cannot be encoded, NaN and infinity."""
    faults = []
    for name, value in given.items():
        texts = value if isinstance(value, list) else [value]
        texts = [text.get("content") if isinstance(text, dict) else text for text in texts]
        for text in texts:
            if isinstance(text, str) and not _encodable(text):
                faults.append(Fault(str(name)[:64], "contains a lone surrogate"))
            if isinstance(text, float) and not math.isfinite(text):
                faults.append(Fault(name, "must be a finite number"))
        if len(faults) >= MAX_FAULTS:
            break
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
