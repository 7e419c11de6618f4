"""`narration review` and `narration story-diff`."""

import sys
import tomllib
from pathlib import Path

import click

from narration_capture import _review as reviewing
from narration_capture._story_diff import LIMIT, StoryDiffError, changes, markdown

_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def _root() -> Path:
    """Return the project's root: the nearest folder above with a pyproject.toml, else here."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "pyproject.toml").is_file()), here)


def _setting(root: Path, name: str, default: str) -> str:
    """Return a setting of the plugin from the project's pyproject.toml."""
    path = root / "pyproject.toml"
    if not path.is_file():
        return default
    tool = tomllib.loads(path.read_text("utf-8")).get("tool", {}).get("pytest", {})
    return str(tool.get(name, tool.get("ini_options", {}).get(name, default)))


def _orphans(root: Path) -> list[Path]:
    from narration_capture import _inventory as inventory  # noqa: PLC0415 - needs pytest-bdd, which reviewing alone does not

    features = root / _setting(root, "narration_features", "features")
    stories = root / _setting(root, "narration_stories", "snapshots")
    return list(inventory.take(features, stories).orphans) if features.is_dir() else []


def _paint(line: str) -> str:
    colour = _COLOURS.get(line[:1])
    return click.style(line, fg=colour) if colour else line


@click.command()
@click.option("--accept", "accepted", multiple=True, metavar="NAME", help="Take this story as golden; may be repeated.")
@click.option("--accept-all", is_flag=True, help="Take every waiting story as golden.")
@click.option("--reject-all", is_flag=True, help="Forget every waiting story.")
@click.option("--diff", "with_diff", is_flag=True, help="Show what changed, and decide nothing.")
def review(*, accepted: tuple[str, ...], accept_all: bool, reject_all: bool, with_diff: bool) -> None:
    """Look at the stories that differ from the golden ones: accept, reject or skip each.

    A failing story leaves what was narrated in .narration/pending. Without a terminal the stories that wait
    are listed, and the exit code is 1.
    """
    root = _root()
    stories = reviewing.waiting(root, _orphans(root))
    if not stories:
        click.echo("No story waits.")
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


def _accept_some(stories: list[reviewing.Waiting], names: tuple[str, ...]) -> None:
    chosen = {}
    for name in names:
        # As it is listed, or as much of its end as tells it from the others.
        found = [story for story in stories if f"/{story.name}".removesuffix(".story").endswith(_ending(name))]
        if len(found) != 1:
            what = "several stories wait" if found else "no story waits"
            waiting = ", ".join(story.name for story in found or stories)
            raise click.ClickException(f"{what} under the name {name!r}; waiting: {waiting}")
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
    """Show as Markdown which stories differ from BASE, a commit or branch."""
    root = _root()
    try:
        text = markdown(changes(root, _setting(root, "narration_stories", "snapshots"), base), base, limit)
    except StoryDiffError as error:
        raise click.ClickException(f"cannot compare with {base!r}: {str(error) or 'there is no such commit'}") from None
    if output is not None:
        output.write_text(text, "utf-8")
    else:
        click.echo(text, nl=False)
