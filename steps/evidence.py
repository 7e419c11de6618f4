"""What scenarios leave for the proof bundle: files in `.narration/proof/<kind>/`, which `narration proof` gathers."""

import json
from pathlib import Path
from typing import Any, Final, Literal

Kind = Literal["transcripts", "determinism", "metrics"]
_FOLDER: Final = Path(__file__).resolve().parent.parent / ".narration" / "proof"


def leave(kind: Kind, name: str, what: bytes | str | dict[str, Any]) -> None:
    """Keep something that shows what this run did.

    Args:
        kind: which part of the bundle.
        name: of the file; outputs of equal runs are called `<name>.1.json`, `<name>.2.json`.
        what: bytes and text as they are, anything else as JSON.
    """
    folder = _FOLDER / kind
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(what, dict):
        what = json.dumps(what, indent=2, ensure_ascii=False) + "\n"
    (folder / name).write_bytes(what if isinstance(what, bytes) else what.encode())
