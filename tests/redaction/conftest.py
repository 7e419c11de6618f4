import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest


def corpora() -> Path:
    """The folder of third-party corpora: beside the checkout, or where NARRATION_CORPORA says."""
    named = os.environ.get("NARRATION_CORPORA")
    return Path(named) if named else Path(__file__).resolve().parents[3] / "shared" / "corpora"


def rows(name: str) -> list[dict[str, Any]]:
    path = corpora() / f"{name}.jsonl.gz"
    if not path.exists():
        pytest.skip(f"no {path.name} in {corpora()}: set NARRATION_CORPORA to the folder that holds it")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="session")
def corpus() -> Any:
    return rows
