"""Running every block of a page: as a reader would paste it, one after the other, in an empty folder.

python -m support.page_run docs/hub.md    runs one page, and says what its blocks print
"""

import contextlib
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

import yaml
from gherkin.errors import CompositeParserException, ParserError
from gherkin.parser import Parser

from narration_core import decode
from support.page_output import shows
from support.page_processes import PATIENCE_S, Interpreter, Server, end
from support.pages import Block, BlockError, blocks
from tools import prepare_clients

ROOT: Final = Path(__file__).resolve().parents[1]
_PIP: Final = Path(__file__).with_name("page_pip.py")
_RUFF: Final = ("ruff", "check", "--isolated", "--select", "F821", "--output-format", "json", "-")
_PORT: Final = re.compile(r"(?:127\.0\.0\.1:|localhost:|--port[ =])([0-9]{4,5})\b")
_HUB: Final = "7380"
_NEVER_GIVEN: Final = range(20_000, 32_000)
_EXIT: Final = re.compile(r"exit code (\d+)\n?\Z")
_PYPROJECT: Final = '[tool.pytest]\nnarration_features = "features"\naddopts = ["--import-mode=importlib"]\n'
# What the tests that run this have set says nothing about a reader's machine.
_NOT_A_READERS: Final = re.compile(r"(NARRATION|PYTEST|COVERAGE|MAKE|BIND_ADDR|AUTH_TOKEN|COLUMNS|CI\b|MFLAGS)")


def run_page(root: Path, page: str, folder: Path, exceptions: Mapping[tuple[str, str], str] | None = None) -> set[str]:
    """Run every block of a page; return how those begin that were left out.

    Args:
        root: the checkout.
        page: the page's path in it.
        folder: an empty folder to run in.
        exceptions: blocks that are not run, by page and how they begin, each with its reason.

    Raises:
        BlockError: a block fails, shows something that is not printed, or is of a kind that nobody runs.
        PageError: the page cannot be understood.
    """
    found, left_out = blocks(root, page), set()
    with _Page(root, folder, found) as run:
        for block in found:
            left = {start for of, start in exceptions or {} if of == page and block.code.startswith(start)}
            left_out |= left
            if not left:
                try:
                    run.block(block)
                except BlockError as error:
                    for server in run.servers:
                        error.add_note(f"{server.block.place}, the server: {server.printed()[-2000:]}")
                    raise
        run.check_names()
    return left_out


class _Page(contextlib.ExitStack):
    """One page that is being run."""

    def __init__(self, root: Path, folder: Path, found: list[Block]) -> None:
        super().__init__()
        self.root, self.folder, self.blocks = root, folder, found
        shown = {port for block in found for port in _PORT.findall(block.code)}
        if any("narration hub" in block.code for block in found):
            shown.add(_HUB)
        self.ports = dict(zip(sorted(shown), _ports(), strict=False))
        self.printed: str | None = None
        self.servers: list[Server] = []
        self.python: Interpreter | None = None
        self.kinds: dict[str, Callable[[Block, str], None]] = {
            "python": self._python, "bash": self._shell, "sh": self._shell, "console": self._console,
            "text": self._output, "json": self._json, "yaml": self._yaml, "toml": self._toml, "gherkin": self._gherkin,
        }  # fmt: skip
        clean = {name: value for name, value in os.environ.items() if not _NOT_A_READERS.match(name)}
        path = f"{Path(sys.executable).parent}{os.pathsep}{clean['PATH']}"
        if server := prepare_clients.PARTS["redis"].find(ROOT):
            path += f"{os.pathsep}{server.parent}"
            libraries = prepare_clients.redis_environment(server).get("LD_LIBRARY_PATH", "")
            clean |= {"LD_LIBRARY_PATH": libraries} if libraries else {}
        home = tempfile.mkdtemp(prefix="page-")
        self.callback(shutil.rmtree, home, ignore_errors=True)
        more = {"PATH": path, "XDG_STATE_HOME": home, "CHECKOUT": os.fspath(root), "PYTHONDONTWRITEBYTECODE": "1"}
        self.environment = {**clean, **more}

    def block(self, block: Block) -> None:
        """Run one block."""
        if not block.kind:
            raise BlockError(block, "a block without a language is never run; say what it is after the ```")
        run = self.kinds.get(block.kind)
        if run is None and "file" not in block.marks:
            raise BlockError(block, f"nobody runs {block.kind} blocks; there are: {', '.join(self.kinds)}")
        code = self._with_ports(block.code)
        if name := block.marks.get("file"):
            self._check_file(block, code)
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(code, "utf-8")
        elif "output" in block.marks:
            self._output(block, code)
        elif run is not None:
            run(block, code)

    def _with_ports(self, code: str) -> str:
        for shown, port in self.ports.items():
            code = re.sub(rf"\b{shown}\b", port, code)
        return code

    # -- what is run ------------------------------------------------------------------------------

    def _python(self, block: Block, code: str) -> None:
        if re.search(r"^(async )?def test_", code, re.MULTILINE):
            raise BlockError(
                block, 'pytest never sees this test: give the block a title="tests/test_x.py", and run pytest'
            )
        if self.python is None:
            self.python = self.enter_context(Interpreter(self.folder, {**self.environment, "NARRATION_STRICT": "1"}))
        answer, printed = self.python.run(block, code)
        if answer["failed"] != ("raises" in block.marks):
            raise BlockError(block, answer["why"] or "raises nothing")
        self.printed = self._as_shown(answer["why"] if answer["failed"] else printed)

    def _shell(self, block: Block, code: str) -> None:
        if "serves" in block.marks:
            self._serve(block, code)
            return
        wanted = int(block.marks.get("exits", 0))
        done, self.printed = self._run(block, f"set -euo pipefail\n{code}")
        if done != wanted:
            raise BlockError(block, f"exit code {done}, not {wanted}:\n{self.printed}")

    def _console(self, block: Block, code: str) -> None:
        before, *commands = re.split(r"^\$ ", code, flags=re.MULTILINE)
        if before or not commands:
            raise BlockError(block, "a console block begins with `$ ` and a command")
        for part in commands:
            command, _, shown = part.partition("\n")
            while command.endswith("\\"):
                more, _, shown = shown.partition("\n")
                command += f"\n{more}"
            found = _EXIT.search(shown)
            shown, wanted = (shown[: found.start()], int(found[1])) if found else (shown, 0)
            if "serves" in block.marks:
                self._serve(block, command)
                continue
            done, printed = self._run(block, command)
            self.printed = printed
            if done != wanted:
                raise BlockError(block, f"$ {command}\nexit code {done}, not {wanted}:\n{printed}")
            if not shows(shown, self._with_ports(printed)) and not shows(self._with_ports(shown), printed):
                raise BlockError(block, f"$ {command}\nprinted, which is not what the page shows:\n{printed}")

    def _run(self, block: Block, code: str) -> tuple[int, str]:
        """Run a command in a session of its own; nothing of it stays."""
        with tempfile.TemporaryFile() as out:
            process = self.start(block, code, out)
            try:
                done = process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                raise BlockError(
                    block, f"still runs after {PATIENCE_S} s; is it a server? <!-- block: serves -->"
                ) from None
            finally:
                end(process, signal.SIGTERM)
            out.seek(0)
            return done, self._as_shown(out.read().decode("utf-8", "replace"))

    def start(self, block: Block, code: str, out: Any) -> "subprocess.Popen[bytes]":
        """Start the commands of a block, with `pip` looked up instead of installed again."""
        pip = f"pip() {{ '{sys.executable}' '{_PIP}' \"$@\"; }}; export -f pip; exec 2>&1\n"
        where = self.root if "checkout" in block.marks else self.folder
        environment = dict(self.environment)
        if "narration hub" in code and "--port" not in code:
            environment["BIND_ADDR"] = f"127.0.0.1:{self.ports[_HUB]}"
        return subprocess.Popen(
            ["bash", "-c", pip + code], cwd=where, env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
            start_new_session=True,
        )  # fmt: skip

    def _serve(self, block: Block, code: str) -> None:
        ports = {port for port in self.ports.values() if re.search(rf"\b{port}\b", code)}
        if "narration hub" in code and "--port" not in code:
            ports.add(self.ports[_HUB])
        self.servers.append(self.enter_context(Server(block, partial(self.start, block, code), ports)))

    def _as_shown(self, printed: str) -> str:
        for shown, port in self.ports.items():
            printed = re.sub(rf"\b{port}\b", shown, printed)
        return printed

    # -- what is compared and read ----------------------------------------------------------------

    def _output(self, block: Block, _: str) -> None:
        if self.printed is None:
            raise BlockError(block, "shows an output, but no block before it prints anything")
        if not shows(block.code, self.printed):
            raise BlockError(block, f"this is not what was printed:\n{self.printed}")

    def _json(self, block: Block, code: str) -> None:
        try:
            values = [json.loads(code)]
        except ValueError:
            try:
                values = [json.loads(line) for line in code.splitlines() if line]
            except ValueError as error:
                raise BlockError(block, f"not JSON: {error}") from None
        for value in values:
            if isinstance(value, dict) and {"actor", "action", "human"} <= value.keys():
                try:
                    decode(json.dumps(value).encode())
                except Exception as error:
                    raise BlockError(block, f"not an event: {error}") from error

    def _yaml(self, block: Block, code: str) -> None:
        try:
            yaml.safe_load(code)
        except yaml.YAMLError as error:
            raise BlockError(block, f"not YAML: {error}") from None

    def _toml(self, block: Block, code: str) -> None:
        try:
            tomllib.loads(code)
        except tomllib.TOMLDecodeError as error:
            raise BlockError(block, f"not TOML: {error}") from None

    def _gherkin(self, block: Block, code: str) -> None:
        """Have pytest find a definition for each step: ours, or of the steps that the page shows."""
        feature = _parsed(block, code)
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            project = Path(name)
            (project / "features").mkdir()
            (project / "features/block.feature").write_text(feature, "utf-8")
            (project / "pyproject.toml").write_text(_PYPROJECT, "utf-8")
            if (self.folder / "steps").is_dir():
                shutil.copytree(self.folder / "steps", project / "steps")
            look = "python -m pytest -q --collect-only -p no:cacheprovider"
            done, printed = self._run(block, f"cd '{project}' && {look}")
            if done != 0:
                raise BlockError(block, f"not all of it can be run:\n{printed}")

    def _check_file(self, block: Block, code: str) -> None:
        checks = {"json": self._json, "yaml": self._yaml, "toml": self._toml, "gherkin": _parsed, "python": _compiled}
        if check := checks.get(block.kind):
            check(block, code)
        later = self.blocks[self.blocks.index(block) + 1 :]
        if not any(other.kind in {"bash", "sh", "console", "python"} and "file" not in other.marks for other in later):
            raise BlockError(block, f"nothing that follows on the page uses {block.marks['file']}")

    def check_names(self) -> None:
        """Check that every name is defined, in functions that nobody calls as well."""
        programs = {block.marks["file"]: block.code for block in self.blocks if _is_file(block)}
        together = [block for block in self.blocks if block.kind == "python" and not _is_file(block)]
        text = ""
        for block in together:
            text += "\n" * max(0, block.line - 1 - text.count("\n")) + block.code
        for name, program in {**programs, "": text}.items():
            line = next((block.line - 1 for block in self.blocks if block.marks.get("file") == name and name), 0)
            done = subprocess.run(
                [sys.executable, "-m", *_RUFF], input=program, capture_output=True, text=True, check=False
            )
            for wrong in json.loads(done.stdout or "[]"):
                at = line + wrong["location"]["row"]
                raise AssertionError(f"{self.blocks[0].page}:{at}: {wrong['message']}")


def _ports() -> Iterator[str]:
    """Yield ports that are free, and that no system gives to whoever asks for any port: they stay free until used."""
    for port in random.sample(_NEVER_GIVEN, len(_NEVER_GIVEN)):
        with socket.socket() as trying:
            try:
                trying.bind(("127.0.0.1", port))
            except OSError:
                continue
        yield str(port)


def _parsed(block: Block, code: str) -> str:
    """Return a feature file; a few steps stand for a scenario of them."""
    if not re.search(r"^\s*Feature:", code, re.MULTILINE):
        code = code if re.search(r"^\s*Scenario", code, re.MULTILINE) else f"Scenario: Of the page\n{code}"
        code = f"Feature: Of the page\n{code}"
    try:
        Parser().parse(code)
    except (ParserError, CompositeParserException) as error:
        raise BlockError(block, f"not Gherkin: {error}") from None
    return code


def _compiled(block: Block, code: str) -> None:
    try:
        compile(code, block.page, "exec")
    except SyntaxError as error:
        raise BlockError(block, f"not Python: {error}") from None


def _is_file(block: Block) -> bool:
    return block.kind == "python" and "file" in block.marks


def main() -> Iterator[int]:
    """Run the pages that are named."""
    for page in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            try:
                run_page(ROOT, page, Path(folder))
            except AssertionError as error:
                print(error)
                yield 1
            else:
                print(f"{page}: fine, {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    sys.exit(max(main(), default=0))
