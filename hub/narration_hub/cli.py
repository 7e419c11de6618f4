"""`narration hub`: the command line."""

import os
from pathlib import Path
from typing import Any

import click

from narration_core.serving.addresses import LOOPBACK, ConfigError, access_settings, bind_address
from narration_core.serving.collector import headers_in
from narration_core.serving.early_signals import remember_signals
from narration_hub.config import PORT, Settings, default_data, size_of, tokens_in
from narration_hub.streams import Limits

_FILE = click.Path(dir_okay=False, path_type=Path)


class _Command(click.Command):
    """Remembers signals that come before the hub can handle them."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        remember_signals()
        return super().make_context(*args, **kwargs)


@click.command("hub", cls=_Command, context_settings={"show_default": True})
@click.option("--host", envvar="BIND_ADDR", default=LOOPBACK, help="Address to listen on; host:port is accepted.")
@click.option("--port", type=click.IntRange(0, 65535), show_default=str(PORT), help="Port; 0 takes any free one.")
@click.option(
    "--stall", type=click.FloatRange(0.1), default=10.0, help="Seconds of quiet after which a job is stalled."
)
@click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Folder of the store.")
@click.option("--no-data", is_flag=True, help="Keep everything in memory only.")
@click.option("--keep", default="2GiB", help="How much the store may take: 500MiB, 2GiB.")
@click.option("--keep-days", type=click.FloatRange(0.001), default=14.0, help="How long events are kept.")
@click.option("--producer-token-file", type=_FILE, help="Tokens that may only send, each with its service.")
@click.option("--operator-token-file", type=_FILE, help="Tokens that may read everything.")
@click.option("--heartbeat-sec", type=click.FloatRange(0.1), default=15.0, help="Silence before a heartbeat comment.")
@click.option("--write-deadline-sec", type=click.FloatRange(0.1), default=10.0, help="Longest wait for a reader.")
@click.option("--ring-events", type=click.IntRange(1), default=10_000, help="Events of one stream kept in memory.")
@click.option("--memory-mb", type=click.IntRange(1), default=256, help="Memory of all streams together.")
@click.option(
    "--engine",
    envvar="NARRATION_HUB_ENGINE",
    help="Redis or Valkey that hubs share: redis://host:6379/0.",
    show_default="memory of this hub",
)
@click.option("--name", help="What this hub is called, where there are several.", show_default="its machine and port")
@click.option(
    "--otlp",
    envvar="NARRATION_HUB_OTLP",
    help="OpenTelemetry collector that events go on to, by OTLP/HTTP: http://host:4318.",
    show_default="none",
)
@click.option("--readers", type=click.IntRange(1), default=4096, help="Most open streams.")
@click.option("--demo", is_flag=True, help="Also have an example tell of a request that is stuck; implies --no-data.")
def command(
    host: str,
    port: int | None,
    data: Path | None,
    keep: str,
    keep_days: float,
    stall: float,
    producer_token_file: Path | None,
    operator_token_file: Path | None,
    heartbeat_sec: float,
    write_deadline_sec: float,
    ring_events: int,
    memory_mb: int,
    engine: str | None,
    name: str | None,
    otlp: str | None,
    readers: int,
    *,
    no_data: bool,
    demo: bool,
) -> None:
    """Show what every process is doing: take events in, and serve them job by job and story by story.

    Environment variables: AUTH_TOKEN, AUTH_OPTIONAL, TRUST_PROXY_AUTH, BIND_ADDR, NARRATION_HUB_ENGINE and
    NARRATION_HUB_OTLP (where addresses may hold a password), NARRATION_OTLP_HEADERS and NARRATION_*. Services send
    with NARRATION_HUB=http://host:port.

    Exit codes: 0 stopped on request, 1 could not start, 2 wrong arguments.
    """
    from narration_hub import lifecycle  # noqa: PLC0415 - slow to import; wrong arguments are reported at once

    try:
        bound_host, bound_port = bind_address(host)
        settings = Settings(
            host=bound_host,
            port=port if port is not None else bound_port or PORT,
            producers=tokens_in(producer_token_file) if producer_token_file else {},
            operators=frozenset(tokens_in(operator_token_file) if operator_token_file else ()),
            stall_s=stall,
            heartbeat_s=heartbeat_sec,
            write_deadline_s=write_deadline_sec,
            limits=Limits(events=ring_events, total_bytes=memory_mb << 20),
            readers=readers,
            data=None if no_data or demo else data or default_data(),
            keep_bytes=size_of(keep),
            keep_days=keep_days,
            engine=engine or None,
            name=name,
            otlp=otlp or None,
            otlp_headers=headers_in(os.environ),
            **access_settings(os.environ),  # type: ignore[arg-type]  # three settings of three types
        )
        settings.check()
        if demo:
            from narration_hub.demo import example  # noqa: PLC0415 - for --demo alone

            lifecycle.run(settings, lambda url: example(url, settings.token))
        else:
            lifecycle.run(settings)
    except ConfigError as error:
        lifecycle.narrate_config_error(str(error))
        raise click.ClickException(str(error)) from None
    except lifecycle.StartError as error:
        raise click.ClickException(str(error)) from None
