"""`narration worker`: the command line."""

import math
import uuid
from typing import Any

import click

from narration_core.serving.addresses import LOOPBACK, ConfigError, bind_address
from narration_core.serving.early_signals import remember_signals
from narration_worker.config import Settings, from_environment, model_path


class _WrongArgumentsError(click.ClickException):
    exit_code = 2


class _Command(click.Command):
    """Reports wrong arguments in one line, and narrates them."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        remember_signals()
        try:
            return super().make_context(*args, **kwargs)
        except click.UsageError as error:
            from narration_worker import lifecycle  # noqa: PLC0415 - see command

            message = f"{error.format_message().rstrip('.')}; see narration worker --help"
            lifecycle.narrate_config_error(message)
            raise _WrongArgumentsError(message) from None


class Seconds(click.FloatRange):
    """A number of seconds: a range of finite numbers."""

    name = "seconds"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number; NaN and infinity are refused."""
        try:
            float(value)
        except ValueError:
            self.fail(f"{value!r} is not a number of seconds.", param, ctx)
        seconds = float(super().convert(value, param, ctx))
        if not math.isfinite(seconds):
            self.fail(f"{value} is not a finite number of seconds.", param, ctx)
        return seconds


def _print_schema(context: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's signature
    if wanted:
        from narration_worker.config_schema import schema  # noqa: PLC0415 - only for --schema

        click.echo(schema(context.command))
        context.exit()


@click.command("worker", cls=_Command, context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.option("--worker-id", default=lambda: str(uuid.uuid4()), show_default="a new UUID", help="Id of this worker.")
@click.option("--model", required=True, metavar="PATH", help="GGUF model; `bundled` is the model in this package.")
@click.option(
    "--device",
    type=click.Choice(["cuda", "metal", "cpu"]),
    default="cuda",
    help="Device that computes; there is no fallback to another one.",
)
@click.option("--gpu-device", type=click.IntRange(0, 255), default=0, help="Which GPU, by number.")
@click.option("--threads", type=click.IntRange(1, 512), help="Threads that compute; default: one less than the CPUs.")
@click.option("--host", envvar="BIND_ADDR", default=LOOPBACK, help="Address to listen on; host:port is accepted.")
@click.option("--port", type=click.IntRange(0, 65535), show_default="any free one", help="Port to listen on.")
@click.option("--pool-id", help="Pool of this worker, for narration.")
@click.option("--replica-id", help="Replica number or name of this worker, for narration.")
@click.option("--callback-url", metavar="URL", help="Where to post the ready callback.")
@click.option("--callback-tries", type=click.IntRange(0), default=0, help="Tries of the callback; 0: no limit.")
@click.option("--max-tokens-in", type=click.IntRange(1), help="Longest prompt, in tokens.")
@click.option("--max-tokens-out", type=click.IntRange(1, 4096), default=4096, help="Longest answer, in tokens.")
@click.option("--inference-timeout-sec", type=Seconds(0.001), default=300.0, help="Longest inference.")
@click.option("--context-length", type=click.IntRange(8), help="Tokens of prompt and answer together.")
@click.option("--queue-limit", type=click.IntRange(0, 10_000), default=16, help="How many requests may wait.")
@click.option("--kv-cache-size-mb", type=click.IntRange(1), help="Largest key-value cache; limits the context.")
@click.option("--sse-micro-batch-ms", type=click.IntRange(0, 50), default=0, help="Time to collect stream events.")
@click.option("--heartbeat-sec", type=Seconds(0.01), default=15.0, help="Silence before a heartbeat comment.")
@click.option("--heartbeat-narration-sec", type=Seconds(0), default=0.0, help="Narrate a heartbeat so often; 0: never.")
@click.option("--resume-grace-sec", type=Seconds(0, 3600), default=0.0, help="Time to resume a cut stream.")
@click.option("--hub", metavar="URL", help="Also send all narration to this hub; its token is NARRATION_HUB_TOKEN.")
@click.option("--residency-check-sec", type=Seconds(0.1), default=60.0, help="Time between residency checks.")
@click.option("--shutdown-timeout-sec", type=Seconds(0), default=30.0, help="Longest time to finish jobs.")
@click.option(
    "--schema", is_flag=True, is_eager=True, expose_value=False, callback=_print_schema,
    help="Print the configuration as JSON Schema and exit.",
)  # fmt: skip
def command(model: str, host: str, port: int | None, kv_cache_size_mb: int | None, **given: Any) -> None:
    """Serve one GGUF model over HTTP, and narrate in plain English what happens.

    Environment variables: AUTH_TOKEN, AUTH_OPTIONAL, TRUST_PROXY_AUTH, BIND_ADDR and NARRATION_*.

    Exit codes: 0 stopped on request, 1 could not start, 2 wrong arguments, 143 stopped at once by a second signal.
    """
    from narration_worker import lifecycle  # noqa: PLC0415 - slow to import; wrong arguments are reported at once

    try:
        bound_host, bound_port = bind_address(host)
        settings = Settings(
            model=model_path(model),
            worker_id=given["worker_id"],
            device=given["device"],
            gpu_device=given["gpu_device"],
            host=bound_host,
            port=port if port is not None else bound_port or 0,
            callback_url=given["callback_url"],
            max_tokens_in=given["max_tokens_in"],
            max_tokens_out=given["max_tokens_out"],
            inference_timeout_s=given["inference_timeout_sec"],
            context_length=given["context_length"],
            kv_cache_mb=kv_cache_size_mb,
            queue_limit=given["queue_limit"],
            micro_batch_ms=given["sse_micro_batch_ms"],
            heartbeat_s=given["heartbeat_sec"],
            residency_check_s=given["residency_check_sec"],
            shutdown_timeout_s=given["shutdown_timeout_sec"],
            threads=given["threads"],
            pool_id=given["pool_id"],
            replica_id=given["replica_id"],
            heartbeat_narration_s=given["heartbeat_narration_sec"],
            resume_grace_s=given["resume_grace_sec"],
            hub=given["hub"],
            callback_tries=given["callback_tries"],
            **from_environment(),  # type: ignore[arg-type]  # three settings of three types
        )
        settings.check()
        lifecycle.run(settings)
    except ConfigError as error:
        lifecycle.narrate_config_error(str(error))
        raise click.ClickException(str(error)) from None
    except lifecycle.StartError as error:
        raise click.ClickException(str(error)) from None
