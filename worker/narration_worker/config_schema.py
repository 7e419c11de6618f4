"""`narration worker --schema`: the configuration as JSON Schema, generated from the command line's own options."""

from typing import Any, Final

import click
import msgspec

from narration_core.environment import VARIABLES
from narration_core.serving.addresses import TOKEN
from narration_worker.config import ID

_EXAMPLES: Final[dict[str, list[Any]]] = {
    "worker-id": ["worker-gpu0-r1"],
    "model": ["bundled", "/models/qwen2.5-7b-instruct-q4_k_m.gguf"],
    "device": ["cuda", "cpu"],
    "gpu-device": [0, 3],
    "threads": [1, 8],
    "host": ["127.0.0.1", "0.0.0.0:8080", "[::1]:8080"],
    "port": [0, 8080],
    "pool-id": ["pool-a"],
    "replica-id": ["r1"],
    "callback-url": ["http://127.0.0.1:9200/v2/internal/workers/ready"],
    "callback-tries": [0, 10],
    "max-tokens-in": [2048],
    "max-tokens-out": [512],
    "inference-timeout-sec": [30.0],
    "context-length": [4096],
    "queue-limit": [0, 64],
    "kv-cache-size-mb": [512],
    "sse-micro-batch-ms": [0, 20],
    "heartbeat-sec": [15.0],
    "heartbeat-narration-sec": [0.0, 30.0],
    "hub": ["http://127.0.0.1:7380"],
    "resume-grace-sec": [0.0, 10.0],
    "residency-check-sec": [60.0],
    "shutdown-timeout-sec": [30.0],
    "AUTH_TOKEN": ["a-long-random-text"],
    "AUTH_OPTIONAL": ["true"],
    "TRUST_PROXY_AUTH": ["true"],
    "BIND_ADDR": ["0.0.0.0:8080"],
}
_END: Final = r"$(?!\n)"  # `$` alone matches before a final newline in Python
_ID: Final = f"^{ID.pattern}{_END}"
_URL: Final = "^https?://."
_PATTERNS: Final = {
    "worker-id": _ID,
    "pool-id": _ID,
    "replica-id": _ID,
    "callback-url": _URL,
    "hub": _URL,
    "AUTH_TOKEN": rf"^\s*{TOKEN.pattern}\s*$",
}
_ENVIRONMENT: Final = ("AUTH_TOKEN", "AUTH_OPTIONAL", "TRUST_PROXY_AUTH", "BIND_ADDR")


def schema(command: click.Command) -> str:
    """Return the JSON Schema of a command's options and environment, as text.

    Args:
        command: `narration worker`.
    """
    options = [option for option in command.params if isinstance(option, click.Option) and option.expose_value]
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "narration worker",
        "description": "Each property is an option (`--name value`) or, in capitals, an environment variable.",
        "type": "object",
        "additionalProperties": False,
        "required": [_name(option) for option in options if option.required],
        "properties": {
            **{_name(option): _option(option) for option in options},
            **{
                name: {
                    "type": "string",
                    **({"pattern": _PATTERNS[name]} if name in _PATTERNS else {}),
                    "description": VARIABLES[name].meaning,
                    "x-environment": name,
                    "x-examples": _EXAMPLES[name],
                }
                for name in _ENVIRONMENT
            },
        },
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2).decode()


def _name(option: click.Option) -> str:
    return max(option.opts, key=len).removeprefix("--")


def _option(option: click.Option) -> dict[str, Any]:
    shape: dict[str, Any] = _type(option.type)
    shape["description"] = option.help or ""
    if isinstance(option.default, int | float | str):
        shape["default"] = option.default
    if _name(option) in _PATTERNS:
        shape["pattern"] = _PATTERNS[_name(option)]
    shape["x-examples"] = _EXAMPLES[_name(option)]
    return shape


def _type(kind: Any) -> dict[str, Any]:
    if isinstance(kind, click.Choice):
        return {"type": "string", "enum": list(kind.choices)}
    if isinstance(kind, click.IntRange | click.FloatRange):
        limits = {"minimum": kind.min, "maximum": kind.max}
        name = "integer" if isinstance(kind, click.IntRange) else "number"
        return {"type": name, **{key: value for key, value in limits.items() if value is not None}}
    return {"type": "string"}
