"""Evidence for the proof bundle: files in `.narration/proof/<kind>/`, which `narration proof` collects."""

import json
from pathlib import Path
from typing import Any, Final, Literal

Kind = Literal["transcripts", "determinism", "metrics"]
_FOLDER: Final = Path(__file__).resolve().parent.parent / ".narration" / "proof"


def keep_proof(kind: Kind, name: str, content: bytes | str | dict[str, Any]) -> None:
    """Write a file for the proof bundle.

    Args:
        kind: the part of the bundle.
        name: the file's name; outputs of runs that must be equal are `<name>.1.json`, `<name>.2.json`.
        content: bytes and text are written as they are, anything else as JSON.
    """
    folder = _FOLDER / kind
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(content, dict):
        content = json.dumps(content, indent=2, ensure_ascii=False) + "\n"
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
