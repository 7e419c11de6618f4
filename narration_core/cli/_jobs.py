"""`narration jobs`: what every job of a hub is doing."""

import shutil
import sys
from typing import Any

import click
import msgspec

from narration_core.cli._options import hub_at, output_option
from narration_core.cli._output import FOUND, NONE, say, say_json
from narration_core.following._wording import age

_BOARD = "/v1/jobs"


@click.command("jobs")
@click.option("--hub", metavar="URL", help="The hub's address; by default NARRATION_HUB.")
@click.option("--all", "everything", is_flag=True, help="Jobs that have ended, too.")
@output_option("text", "json")
def jobs(hub: str | None, output: str, *, everything: bool) -> None:
    """Show what every job is doing, the open one that has been quiet for longest first.

    Exit codes: 0 there are jobs, 1 there are none or the hub cannot be asked, 2 the command is wrong.
    """
    with hub_at(hub) as source:
        board = msgspec.json.decode(source.ask("GET", _BOARD).body)
    if board.get("alone"):
        click.echo("This hub cannot reach the others now: what comes to them is missing", err=True)
    shown = [job for job in board["jobs"] if everything or job["state"] != "ended"]
    if output == "json":
        say_json({**board, "jobs": shown})
    elif shown:
        say(_rows(shown))
    else:
        click.echo(f"No job is open; {len(board['jobs'])} have ended (--all shows them).", err=True)
    sys.exit(FOUND if shown else NONE)


def _rows(shown: list[dict[str, Any]]) -> list[str]:
    columns = shutil.get_terminal_size().columns
    wide = max(len(job["job_id"]) for job in shown)
    rows = []
    for job in shown:
        waits = job.get("waits")
        said = f"waits for {waits['service']}: {waits['sentence']}" if waits else f"{job['service']}: {job['sentence']}"
        quiet = age(job["quiet_ms"])
        row = f"{job['job_id']:<{wide}}  {job['state']:<8} quiet for {quiet:<10} {said}"
        rows.append(row if len(row) <= columns else f"{row[: columns - 1]}\u2026")
    return rows
