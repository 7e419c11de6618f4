"""`narration review`, `narration story-diff` and `narration scenario`."""

import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from narration_capture import _inventory as inventory
from narration_capture import _review as reviewing
from narration_capture._incident import Incident, incident, slug
from narration_capture._story_diff import LIMIT, StoryDiffError, changes, markdown
from narration_core.nouns import counted

if TYPE_CHECKING:
    from narration_core.following import Answer

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def _root() -> Path:
    """Return the project's root: the nearest folder above with a pyproject.toml, else the working directory."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "pyproject.toml").is_file()), here)


def _setting(root: Path, name: str, default: str) -> str:
    """Return a setting of the plugin from the project's pyproject.toml."""
    path = root / "pyproject.toml"
    if not path.is_file():
        return default
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise click.ClickException(f"{path}: not valid TOML: {error}") from None
    tool = data.get("tool", {}).get("pytest", {})
    return str(tool.get(name, tool.get("ini_options", {}).get(name, default)))


def _paint(line: str) -> str:
    colour = _COLOURS.get(line[:1])
    return click.style(line, fg=colour) if colour else line


@click.command()
@click.option("--accept", "accepted", multiple=True, metavar="NAME", help="Accept this story; may be repeated.")
@click.option("--accept-all", is_flag=True, help="Accept every pending story.")
@click.option("--reject-all", is_flag=True, help="Discard every pending story.")
@click.option("--diff", "with_diff", is_flag=True, help="Show what changed, and decide nothing.")
def review(*, accepted: tuple[str, ...], accept_all: bool, reject_all: bool, with_diff: bool) -> None:
    """Review the stories that differ from the golden ones: accept, reject or skip each.

    A failing story leaves its new text in .narration/pending. Without a terminal the pending stories are listed.

    Exit codes: 0 nothing is pending, or what was asked for is done; 1 stories are pending, or there is none of this
    name; 2 the command is wrong.
    """
    root = _root()
    found = inventory.read(root)
    for note in found.notes:
        click.echo(note, err=True)
    stories = reviewing.pending_stories(root, found.orphans)
    if not stories:
        click.echo("No story is pending.")
        return
    if accept_all and reject_all:
        raise click.UsageError("--accept-all and --reject-all contradict each other")
    if accepted:
        _accept_some(stories, accepted)
        return
    if accept_all or reject_all:
        for story in stories:
            story.accept() if accept_all else story.reject()
        click.echo(f"{'Accepted' if accept_all else 'Rejected'} {len(stories)}.")
        return
    if with_diff:
        for story in stories:
            click.echo(f"{story.kind}: {story.name}")
            click.echo("\n".join(_paint(line) for line in story.diff()) + "\n")
        sys.exit(1)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        click.echo("\n".join(reviewing.listing(stories)))
        sys.exit(1)
    done = reviewing.step_through(stories, click.getchar, click.echo, _paint)
    click.echo(", ".join(f"{number} {what}" for what, number in done.items() if number))


def _accept_some(stories: list[reviewing.PendingStory], names: tuple[str, ...]) -> None:
    chosen = {}
    for name in names:
        # As it is listed, or as much of its end as distinguishes it from the others.
        found = [story for story in stories if f"/{story.name}".removesuffix(".story").endswith(_ending(name))]
        if len(found) != 1:
            what = "several stories are pending" if found else "no story is pending"
            pending = ", ".join(story.name for story in found or stories)
            raise click.ClickException(f"{what} under the name {name!r}; pending: {pending}")
        chosen[found[0].name] = found[0]
    for story in chosen.values():
        story.accept()
    click.echo(f"Accepted {len(chosen)}.")


def _ending(name: str) -> str:
    return "/" + name.removeprefix("./").removesuffix(".story")


@click.command("story-diff")
@click.argument("base")
@click.option("--limit", default=LIMIT, show_default=True, help="Longest output, in characters.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Write to this file instead.")
def story_diff(base: str, limit: int, output: Path | None) -> None:
    """Show as Markdown which stories differ from BASE, a commit or branch, and which are pending.

    Exit codes: 0 shown, also when none differ; 1 there is nothing to compare with; 2 the command is wrong.
    """
    root = _root()
    pending = reviewing.pending_stories(root)
    try:
        text = markdown(changes(root, _setting(root, "narration_stories", "snapshots"), base), base, limit, pending)
    except StoryDiffError as error:
        raise click.ClickException(f"cannot compare with {base!r}: {str(error) or 'there is no such commit'}") from None
    if output is not None:
        output.write_text(text, "utf-8")
    else:
        click.echo(text, nl=False)


@click.command("scenario")
@click.argument("asked", metavar="ID")
@click.argument("paths", nargs=-1)
@click.option(
    "--feature",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The feature file to write; by default one named after ID, among the features.",
)
@click.option("--title", help="The scenario's name.")
def scenario(asked: str, paths: tuple[str, ...], feature: Path | None, title: str | None) -> None:
    """Make a scenario and a golden story of the real story of ID.

    The scenario runs as it is, on the recorded events. It fails as long as what went wrong is in them: replace the
    recording by steps that do the real thing, and it passes when that is mended. PATHS as in `narration story`.

    Exit codes: 0 written, 1 nothing found, 2 the command is wrong or a file is there already.
    """
    root = _root()
    features = root / _setting(root, "narration_features", "features")
    stories = root / _setting(root, "narration_stories", "snapshots")
    answer = _answer(asked, paths)
    target = (feature or features / f"incident_{slug(asked)}.feature").absolute()
    if not target.is_relative_to(features):
        raise click.UsageError(f"{target}: is not below {features}, where features are collected")
    found = incident(answer, title or f"The request of {asked}", target, features, stories)
    _write(found)
    what = "passes as it is" if found.is_over else "fails until what went wrong is mended"
    click.echo(f"Wrote {target}: the scenario {what}.")
    click.echo(f"Wrote {found.golden_path}, the story that it should have, and {found.recording_path}.")
    click.echo("Steps to be written, in place of the recording:")
    for step in found.to_be_written:
        click.echo(f"  {step}")


def _answer(asked: str, paths: tuple[str, ...]) -> "Answer":
    """Return how the request of an id is, or end because nothing is found."""
    from narration_core.following import Files, NoLogsError, follow, why  # noqa: PLC0415 - for this command alone

    try:
        with Files(paths) as files:
            story = follow(files, asked)
            if not any(line.event is not None for line in story.lines):
                click.echo(f"No event holds {asked!r} in {counted(len(files.paths), 'file')}.", err=True)
                sys.exit(1)
            return why(files, story)
    except NoLogsError as error:
        raise click.UsageError(str(error)) from None


def _write(found: Incident) -> None:
    texts = {
        found.feature_path: found.feature.encode(),
        found.recording_path: found.recording,
        found.golden_path: found.golden.encode(),
    }
    for path in texts:
        if path.exists():
            raise click.UsageError(f"{path}: is there already; remove it, or choose another --feature or --title")
    for path, data in texts.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
