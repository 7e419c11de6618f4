"""`narration link`: an address that shows one job or story to somebody without a token."""

from urllib.parse import quote

import click
import msgspec

from narration_core.cli._options import Duration, hub_at


@click.command("link")
@click.argument("name", metavar="JOB")
@click.option("--hub", metavar="URL", help="The hub's address; by default NARRATION_HUB.")
@click.option("--story", is_flag=True, help="JOB is a correlation id: show the story of that request.")
@click.option("--for", "lasts", type=Duration(), default="1h", show_default=True, help="How long it works, up to 1d.")
@click.option("--revoke", is_flag=True, help="Make every link of it worthless instead.")
def link(name: str, hub: str | None, lasts: float, *, story: bool, revoke: bool) -> None:
    """Print an address that shows JOB, and nothing else, to whoever has it, for a while.

    Exit codes: 0 done, 1 the hub refused or cannot be asked, 2 the command is wrong.
    """
    path = f"/v1/{'stories' if story else 'jobs'}/{quote(name, safe='')}/ticket"
    with hub_at(hub) as source:
        if revoke:
            closed = msgspec.json.decode(source.ask("DELETE", path).body)["closed"]
            click.echo(f"Every link of {name} is worthless now; streams closed: {closed}", err=True)
            return
        body = msgspec.json.encode({"seconds": int(lasts // 1000)})
        made = msgspec.json.decode(source.ask("POST", path, body).body)
        click.echo(f"{source.paths[0]}{made['path']}")
