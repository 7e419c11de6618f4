"""What the hub's panel costs a browser: a story of 200,000 rows, and a thousand events a second more."""

import asyncio
import json
import shutil
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from narration_hub.launch import launch
from tools import prepare_clients

ROWS: Final = 200_000
RATE: Final = 1000
_LOAD_S: Final = 20
_ROOT: Final = Path(__file__).resolve().parents[1]
_PROGRAMS: Final = (_ROOT / "benchmarks/programs/panel.mjs", _ROOT / "tests/clients/programs/panel_page.mjs")
_MIB: Final = 1 << 20


class _Seen(msgspec.Struct):
    rate: float
    cpu: list[float]
    wall: float
    share: float
    long: int
    heap: int
    counted: str


async def panel() -> tuple[str, str, str]:
    """Return what was measured of the page, as it is told; or why nothing was."""
    what = f"panel with {ROWS:,} rows at {RATE:,} events/s, the page's worst task"
    must = "50 ms of CPU; heap 150 MB"
    parts = {name: prepare_clients.PARTS[name].find(_ROOT) for name in ("node", "browser")}
    missing = [prepare_clients.missing(name) for name, found in parts.items() if found is None]
    if missing:
        return what, missing[0], must
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "node_modules").symlink_to(str(parts["node"]))
        program, _ = (shutil.copy(path, folder) for path in _PROGRAMS)
        async with launch(["--no-data", "--ring-events", str(2 * ROWS)], environment={"NARRATION_HUB": ""}) as process:
            numbers = (str(number) for number in (ROWS, _LOAD_S, RATE))
            browsing = await asyncio.create_subprocess_exec(
                "node", program, str(parts["browser"]), process.url, *numbers, stdout=asyncio.subprocess.PIPE
            )
            said, _ = await browsing.communicate()
    seen = msgspec.json.decode(said, type=_Seen)
    told = (
        f"{seen.cpu[0]:.0f} ms of CPU, the next ones {', '.join(f'{one:.0f}' for one in seen.cpu[1:4])}; "
        f"{seen.wall:.0f} ms with waiting for this machine; {seen.share:.0%} of a core; heap {seen.heap / _MIB:.0f} MiB"
    )
    return what, told, must


def main() -> None:
    """Measure and print it alone; `python -m benchmarks hub` writes it down."""
    print(json.dumps(asyncio.run(panel()), ensure_ascii=False))


if __name__ == "__main__":
    main()
