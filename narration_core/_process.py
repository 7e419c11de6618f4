"""Runs a child process and narrates its output."""

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Final, Literal, NamedTuple

from narration_core._context import bind, propagate
from narration_core._correlation import outbound_environment
from narration_core._event import Event, decode
from narration_core._narrator import Narrator
from narration_core._pipeline import PIPELINE
from narration_core._sigterm import Passing, sigterm_reaches
from narration_core._taxonomy import register_field
from narration_core._text import clean, limited, to_name
from narration_core.redaction import LineRedactor

Stream = Literal["stdout", "stderr"]

MAX_LINE: Final = 64 * 1024
"""Longest line of a child that is read whole, in bytes; the rest of a longer one is counted and let go."""

LAST_WORDS: Final = 20
_GRACE_S: Final = 1.0
_START: Final = b'{"emitted_at_ms":'
_BLOCK: Final = 64 * 1024
_SHOWN: Final = 80
_KEPT: Final = 8000  # below the limit of a text, so that the marks of what was cut stay

register_field("text", str, "a line that a process printed")
register_field("last_words", list, "the last lines that a process printed")


class ProcessResult(NamedTuple):
    """How a child ended.

    Attributes:
        exit_code: its exit code; negative for the signal that killed it.
        duration_ms: how long it ran, in milliseconds.
        narrated: how many of its lines were narration events.
        raw: how many were not.
        last_words: its last lines that were no narration, cleaned and redacted.
    """

    exit_code: int
    duration_ms: int
    narrated: int
    raw: int
    last_words: tuple[str, ...]


def read_lines(read: Callable[[int], bytes], handle: Callable[[bytes, int], None]) -> None:
    """Read a stream to its end and hand on each line, bounded.

    Args:
        read: returns the next bytes, at most as many as asked for; empty at the end.
        handle: takes a line without its end, and how many bytes of it were let go.
    """
    line = bytearray()
    lost = 0
    while block := read(_BLOCK):
        start = 0
        while True:
            end = block.find(b"\n", start)
            piece = block[start:] if end < 0 else block[start:end]
            room = MAX_LINE - len(line)
            line += piece[:room]
            lost += max(0, len(piece) - room)
            if end < 0:
                break
            handle(bytes(line), lost)
            line.clear()
            lost = 0
            start = end + 1
    if line or lost:
        handle(bytes(line), lost)


class _NobodyListensError(Exception):
    """Raised where the outputs of a child need not be read to their end."""


class _Listener:
    """Turns the lines of one child into events."""

    def __init__(
        self, actor: str, target: str, on_event: Callable[[Event], None] | None, until: Callable[[], bool]
    ) -> None:
        self._actor = actor
        self._target = target
        self._on_event = on_event
        self._lock = threading.Lock()
        redactor = PIPELINE.settings.redactor
        self._redactors = {"stdout": LineRedactor(redactor), "stderr": LineRedactor(redactor)}
        self._until = until
        self.narrated = 0
        self.raw = 0
        self.error: Exception | None = None
        self.last_words: deque[str] = deque(maxlen=LAST_WORDS)

    def hear(self, stream: Stream, line: bytes, lost: int) -> None:
        """Pass on one line as the event that it is, or as a `raw_output` event.

        Raises:
            _NobodyListensError: nobody takes what is passed on.
        """
        if self._until():
            raise _NobodyListensError
        # A child that printed without a line end, a progress bar perhaps, narrates in the middle of the line.
        start = line.find(_START) if not lost else -1
        if start > 0 and self._narration(line[start:]) is not None:
            self.hear(stream, line[:start], 0)
            line = line[start:]
        event = self._narration(line) if not lost and line.startswith(b"{") else None
        with self._lock:
            if event is not None:
                self.narrated += 1
            else:
                self.raw += 1
                event = self._raw_output(stream, line, lost)
        PIPELINE.relay(event)
        if self._on_event is not None and self.error is None:
            try:
                self._on_event(event)
            except Exception as error:  # noqa: BLE001 - raised when the child has ended: unread, it would wait for ever
                self.error = error

    @staticmethod
    def _narration(line: bytes) -> Event | None:
        try:
            return decode(line)
        except ValueError:
            return None

    def _raw_output(self, stream: Stream, line: bytes, lost: int) -> Event:
        decoded = limited(line.decode("utf-8", "replace"))
        said = clean(self._redactors[stream].line(decoded), _KEPT)
        if lost:
            said += f"...[{lost} more bytes]"
        self.last_words.append(said[:500])
        shown = said if len(said) <= _SHOWN else f"{said[:_SHOWN]}..."
        return Event(
            level="warn" if stream == "stderr" else "info",
            actor=self._actor,
            action="raw_output",
            target=self._target,
            human=f"Printed: {shown}",
            extra={"stream": stream, "text": said},
        )


def _ending(code: int) -> tuple[str | None, str]:
    if code == 0:
        return None, "Process {target} ended well after {duration_ms} ms"
    if code > 0:
        return f"exit_{code}", "Process {target} failed with exit code {exit_code} after {duration_ms} ms"
    with contextlib.suppress(ValueError):
        return signal.Signals(-code).name.lower(), "Process {target} was killed by {error_kind} after {duration_ms} ms"
    return f"signal_{-code}", "Process {target} was killed by {error_kind} after {duration_ms} ms"


def _environment_of_child(env: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment of a child: with the bound ids, and its narration as JSON.

    What it narrates for people at a console would be no narration here.
    """
    for_console = env.get("NARRATION_FORMAT", "").strip().lower() == "pretty"
    return {**env, **outbound_environment(), **({"NARRATION_FORMAT": "json"} if for_console else {})}


def capture_process(
    cmd: Sequence[str | os.PathLike[str]],
    *,
    job_id: str | None = None,
    actor: str = "process",
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    timeout_s: float | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> ProcessResult:
    """Run a child process to its end and narrate it.

    Its narration lines are passed on with the caller's context filled in where they have none; every other
    line becomes a `raw_output` event, redacted. Garbage, lines of megabytes and invalid UTF-8 harm nothing.
    A SIGTERM that comes meanwhile, while this is the main thread, is passed on; when the child has ended, it has its
    usual effect here.

    Args:
        cmd: the program and its arguments.
        job_id: the job whose stream the events belong to.
        actor: who the child's own lines are attributed to when they are no narration.
        cwd: where it runs.
        env: its environment; the caller's when absent. The bound ids are added (`accept_environment` reads them there),
            and `NARRATION_FORMAT=pretty` is for the console only: the child narrates as JSON.
        timeout_s: kill it after so many seconds; its own children are then waited for no longer.
        on_event: called with each event as it comes, on a reader thread.

    Returns:
        How it ended.

    Raises:
        OSError: the program cannot be started; the failure is narrated first.
        TypeError: the command is text; a list says where an argument ends.
        Exception: what `on_event` raised; the child has ended then.
    """
    return _capture(cmd, job_id, actor, cwd, env, timeout_s, on_event, Passing())


def capture_while_heard(cmd: Sequence[str], *, actor: str, env: Mapping[str, str]) -> ProcessResult:
    """Run a child process like `capture_process`, but close its outputs once nobody takes its events any more.

    The child then meets what it would meet without narration in between: a broken pipe.

    Args:
        cmd: the program and its arguments.
        actor: who the child's own lines are attributed to when they are no narration.
        env: its environment.

    Returns:
        How it ended.

    Raises:
        OSError: the program cannot be started; the failure is narrated first.
    """
    return _capture(cmd, None, actor, None, env, None, None, Passing(), PIPELINE.outputs.nobody_listens)


async def capture_process_async(
    cmd: Sequence[str | os.PathLike[str]],
    *,
    job_id: str | None = None,
    actor: str = "process",
    cwd: str | os.PathLike[str] | None = None,
    env: Mapping[str, str] | None = None,
    timeout_s: float | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> ProcessResult:
    """Run a child process to its end and narrate it, while the event loop goes on; see `capture_process`.

    Cancelled, it sends the child SIGTERM, and SIGKILL if it has not ended a second later. A SIGTERM that comes
    meanwhile, while the loop runs on the main thread, is passed on as well, and has its usual effect: a handler that
    the program has, such as a server's, is called at once; where there is none, the process ends after its children.

    Args:
        cmd: the program and its arguments.
        job_id: the job whose stream the events belong to.
        actor: who the child's own lines are attributed to when they are no narration.
        cwd: where it runs.
        env: its environment; the caller's when absent.
        timeout_s: kill it after so many seconds.
        on_event: called with each event as it comes, on a reader thread.

    Returns:
        How it ended.

    Raises:
        OSError: the program cannot be started; the failure is narrated first.
        TypeError: the command is text; a list says where an argument ends.
        Exception: what `on_event` raised; the child has ended then.
    """
    import asyncio  # noqa: PLC0415 - costs milliseconds at import

    passing = Passing()
    with sigterm_reaches(passing, later=False):
        work = asyncio.ensure_future(
            asyncio.to_thread(_capture, cmd, job_id, actor, cwd, env, timeout_s, on_event, passing)
        )
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            passing.end()
            await asyncio.wait([work], timeout=_GRACE_S)
            passing.kill()
            await asyncio.wait([work])
            raise


def _capture(
    cmd: Sequence[str | os.PathLike[str]],
    job_id: str | None,
    actor: str,
    cwd: str | os.PathLike[str] | None,
    env: Mapping[str, str] | None,
    timeout_s: float | None,
    on_event: Callable[[Event], None] | None,
    passing: Passing,
    until: Callable[[], bool] = bool,
) -> ProcessResult:
    if isinstance(cmd, str | bytes):
        raise TypeError(f"cmd must be a list of arguments, not {cmd!r}; for a shell write ['sh', '-c', {cmd!r}]")
    narrate = Narrator(to_name(actor))
    target = to_name(Path(os.fspath(cmd[0])).name) if cmd else "nothing"
    with bind(job_id=job_id) if job_id else contextlib.nullcontext():
        began = time.monotonic_ns()
        try:
            child = subprocess.Popen(  # noqa: S603 - running the caller's command is what this is for
                [os.fspath(part) for part in cmd],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=cwd,
                env=_environment_of_child(os.environ if env is None else env),
            )
        except OSError as error:
            narrate.error(
                "process_start", target, "Process {target} did not start: {error_kind}", error_kind=type(error).__name__
            )
            raise
        passing.started(child)
        listener = _Listener(narrate.actor, target, on_event, until)
        with sigterm_reaches(passing, later=True):
            code = _followed(child, listener, timeout_s)
            result = ProcessResult(
                code,
                (time.monotonic_ns() - began) // 1_000_000,
                listener.narrated,
                listener.raw,
                tuple(listener.last_words),
            )
            _tell_ending(narrate, target, result)
        if listener.error is not None:
            raise listener.error
        return result


def _followed(child: "subprocess.Popen[bytes]", listener: _Listener, timeout_s: float | None) -> int:
    """Read both outputs until the child ends, and see to it that it does; returns its exit code."""
    timer = threading.Timer(timeout_s, child.kill) if timeout_s is not None else None
    if timer is not None:
        timer.daemon = True
        timer.start()
    try:
        return _listen(child, listener, timeout_s)
    finally:
        if timer is not None:
            timer.cancel()
        if child.poll() is None:
            child.kill()
            child.wait()


def _listen(child: "subprocess.Popen[bytes]", listener: _Listener, timeout_s: float | None) -> int:
    """Read both outputs until the child ends; returns its exit code."""
    until = None if timeout_s is None else time.monotonic() + timeout_s + _GRACE_S

    def follow(stream: Stream, pipe: IO[bytes]) -> None:
        with pipe, contextlib.suppress(_NobodyListensError):
            read_lines(lambda size: os.read(pipe.fileno(), size), lambda line, lost: listener.hear(stream, line, lost))

    assert child.stdout is not None  # noqa: S101 - Popen was given pipes
    assert child.stderr is not None  # noqa: S101
    readers = [
        threading.Thread(target=propagate(follow), args=("stdout", child.stdout), daemon=True),
        threading.Thread(target=propagate(follow), args=("stderr", child.stderr), daemon=True),
    ]
    for reader in readers:
        reader.start()
    for reader in readers:
        # A child's child may hold the pipes long after both should be gone.
        reader.join(None if until is None else max(until - time.monotonic(), 0.0))
    return child.wait()


def _tell_ending(narrate: Narrator, target: str, result: ProcessResult) -> None:
    error_kind, human = _ending(result.exit_code)
    level = narrate.info if error_kind is None else narrate.error
    level(
        "process_end",
        target,
        human,
        error_kind=error_kind,
        exit_code=result.exit_code,
        duration_ms=result.duration_ms,
        last_words=list(result.last_words) if error_kind else None,
    )
