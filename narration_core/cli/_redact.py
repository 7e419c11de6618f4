"""`narration redact`: text in, text without secrets out; `--check` tells whether files still hold any."""

import codecs
import contextlib
import os
import select
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final

import click

from narration_core.nouns import counted
from narration_core.redaction import MARKER, RedactionPolicy, Redactor
from narration_core.redaction._encodings import text_encoding
from narration_core.redaction._stream import StreamRedactor

_PIECE: Final = 64 * 1024
_WAIT_S: Final = 0.2

FOUND: Final = 1
UNREADABLE: Final = 2


def _more_is_coming(stream: IO[bytes]) -> bool:
    """Tell whether another piece can be read without waiting; a file always says yes."""
    try:
        ready, _, _ = select.select([stream], [], [], 0)
    except (OSError, ValueError):
        return True
    return bool(ready)


def _pieces(stream: IO[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Yield bytes as they come, each piece with whether more follows at once."""
    read = getattr(stream, "read1", stream.read)
    while data := read(_PIECE):
        yield data, _more_is_coming(stream)


def _filter(source: IO[bytes], sink: IO[bytes] | None, redactor: Redactor, *, findings: bool) -> StreamRedactor:
    stream = StreamRedactor(redactor)
    stream.keep_findings = findings
    encoding, errors = "utf-8", "surrogateescape"
    decoder: codecs.IncrementalDecoder | None = None

    def give(text: str) -> None:
        if text and sink is not None:
            sink.write(text.encode(encoding, errors))
            sink.flush()

    for data, more in _pieces(source):
        if decoder is None:
            encoding = text_encoding(data)
            if encoding != "utf-8":  # bytes that are no UTF-8 survive; half a character of UTF-16 does not
                errors = "replace"
            decoder = codecs.getincrementaldecoder(encoding)(errors)
        give(stream.feed(decoder.decode(data)))
        if not more:
            give(stream.flush())
    if decoder is not None:
        give(stream.feed(decoder.decode(b"", final=True)))
    give(stream.finish())
    return stream


def _report(redactor: Redactor) -> None:
    counts = sorted(redactor.counts.items(), key=lambda item: (-item[1], item[0]))
    click.echo(f"{sum(count for _, count in counts)} redactions", err=True)
    for rule, count in counts:
        click.echo(f"{count:8d}  {rule}", err=True)


def _in_place(path: Path, redactor: Redactor) -> None:
    """Write the redacted text beside the file, then put it in its place."""
    beside = path.with_name(f"{path.name}.redacting")
    try:
        with path.open("rb") as source, beside.open("xb") as sink:
            os.fchmod(sink.fileno(), path.stat().st_mode & 0o777)
            _filter(source, sink, redactor, findings=False)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


@click.command("redact", context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("files", nargs=-1, type=click.Path(dir_okay=False, path_type=Path, allow_dash=True))
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when a file holds a secret, and say where.")
@click.option("--report", is_flag=True, help="Say on stderr how often each rule matched.")
@click.option(
    "-o", "--output", type=click.Path(dir_okay=False, path_type=Path), help="Write here instead of to stdout."
)
@click.option("-i", "--in-place", is_flag=True, help="Write each file back in its place.")
@click.option(
    "--marker",
    type=click.Choice(["plain", "rule"]),
    default="plain",
    show_default=True,
    help="[REDACTED] or [REDACTED:rule].",
)
@click.option("--replacement", metavar="TEXT", help="Write this instead of [REDACTED].")
@click.option("--off", multiple=True, metavar="RULE", help="Do not use this rule; repeatable.")
@click.option("--allow", multiple=True, metavar="VALUE", help="Leave exactly this value; repeatable.")
@click.option("--secret-key", multiple=True, metavar="NAME", help="Hide what stands under this name; repeatable.")
@click.option("--ips", is_flag=True, help="Hide IP and MAC addresses as well.")
@click.option("--uuids", is_flag=True, help="Hide UUIDs as well.")
def command(
    *,
    files: tuple[Path, ...],
    check: bool,
    report: bool,
    output: Path | None,
    in_place: bool,
    marker: str,
    replacement: str | None,
    off: tuple[str, ...],
    allow: tuple[str, ...],
    secret_key: tuple[str, ...],
    ips: bool,
    uuids: bool,
) -> None:
    """Take secrets and personal data out of text: stdin or FILES to stdout, JSON lines or any other text.

    Text may be UTF-8, UTF-16 or UTF-32; it is written as it was read.

    Lines are written as they come. What was hidden is never shown, not in reports either.

    Exit codes: 0 done, or nothing found with --check; 1 --check found a secret; 2 a file cannot be read or written,
    or the options make no sense.
    """
    if in_place and (output is not None or check or not files):
        raise click.UsageError("--in-place needs FILES and goes with neither --output nor --check")
    try:
        policy = RedactionPolicy(
            off=frozenset(off),
            allow=frozenset(allow),
            secret_keys=frozenset(secret_key),
            ips=ips,
            uuids=uuids,
            marker="rule" if marker == "rule" else "plain",
            replacement=MARKER if replacement is None else replacement,
        )
        redactor = Redactor(policy)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    found = 0
    try:
        if in_place:
            for path in files:
                _in_place(path, redactor)
        else:
            found = _copy(files or (Path("-"),), output, redactor, check=check)
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        click.echo(f"narration redact: {error.filename or 'stream'}: {error.strerror or error}", err=True)
        sys.exit(UNREADABLE)
    if report:
        _report(redactor)
    if found:
        click.echo(
            f"found {counted(found, 'secret')}; to take out what was found: `narration redact FILE -i`", err=True
        )
        sys.exit(FOUND)


def _copy(files: tuple[Path, ...], output: Path | None, redactor: Redactor, *, check: bool) -> int:
    """Filter each file; return how many secrets a check found."""
    found = 0
    sink: IO[bytes] | None = None if check else sys.stdout.buffer
    if output is not None and not check:
        if any(path.exists() and output.exists() and path.samefile(output) for path in files):
            raise click.UsageError(f"{output} is read and written: use --in-place")
        sink = output.open("wb")
    try:
        for path in files:
            name = "stdin" if str(path) == "-" else str(path)
            with contextlib.nullcontext(sys.stdin.buffer) if name == "stdin" else path.open("rb") as source:
                stream = _filter(source, sink, redactor, findings=check)
            for line, rule in stream.findings:
                click.echo(f"{name}:{line}: {rule}")
            found += len(stream.findings)
    finally:
        if output is not None and sink is not None:
            sink.close()
    return found


if __name__ == "__main__":
    command()
