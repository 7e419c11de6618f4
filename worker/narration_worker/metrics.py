"""The metrics of `/metrics`, for Prometheus."""

import time
from collections.abc import Callable, Iterable
from typing import Any, Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest

from narration_core import stats

Outcome = Literal["success", "error", "cancelled", "timeout"]

OUTCOMES: Final[tuple[Outcome, ...]] = ("success", "error", "cancelled", "timeout")
CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
_DURATIONS_MS: Final = (5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000)
_FIRST_TOKEN_MS: Final = (1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000)


class _NarrationCounters:
    """Counters of the narration facade, read on each scrape."""

    def collect(self) -> Iterable[CounterMetricFamily]:
        """Yield how much was emitted, dropped and redacted so far."""
        counts_now = stats()
        tables = (
            ("worker_narration_emitted", "events emitted, by level", "level", counts_now["emitted"]),
            ("worker_narration_dropped", "events lost, by level", "level", counts_now["dropped"]),
            ("worker_narration_redacted", "values redacted, by rule", "rule", counts_now["redacted"]),
        )
        for name, meaning, label, counts in tables:
            family = CounterMetricFamily(name, meaning, labels=[label])
            for value, count in sorted(counts.items()):
                family.add_metric([value], count)
            yield family


class Metrics:
    """The metrics of one worker, in a registry of its own.

    Args:
        worker_id: label of the memory gauge.
        queue_depth: returns how many jobs wait now.
        vram_bytes: returns how much GPU memory the model uses now; 0 on a CPU.
    """

    def __init__(self, worker_id: str, queue_depth: Callable[[], int], vram_bytes: Callable[[], int]) -> None:
        self.registry = CollectorRegistry(auto_describe=True)
        self._began = time.monotonic()

        def create(kind: Any, name: str, meaning: str, **more: Any) -> Any:
            return kind(name, meaning, registry=self.registry, **more)

        self._requests = create(Counter, "worker_requests_total", "requests by how they ended", labelnames=["outcome"])
        for outcome in OUTCOMES:  # from the start, so that rates have a first value
            self._requests.labels(outcome)
        self._tokens_in = create(Counter, "worker_tokens_in_total", "prompt tokens read")
        self._tokens_out = create(Counter, "worker_tokens_generated_total", "tokens generated")
        self._duration = create(
            Histogram, "worker_inference_duration_ms", "inference, in milliseconds", buckets=_DURATIONS_MS
        )
        self._first_token = create(
            Histogram,
            "worker_time_to_first_token_ms",
            "from acceptance to the first token, in milliseconds",
            buckets=_FIRST_TOKEN_MS,
        )
        vram = create(Gauge, "worker_vram_bytes", "GPU memory that the model uses, in bytes", labelnames=["worker_id"])
        vram.labels(worker_id).set_function(vram_bytes)
        create(Gauge, "worker_queue_depth", "jobs that wait").set_function(queue_depth)
        create(Gauge, "worker_uptime_seconds", "since the start, in seconds").set_function(self.uptime_seconds)
        self.registry.register(_NarrationCounters())

    def uptime_seconds(self) -> float:
        """Return the time since the start, in seconds."""
        return time.monotonic() - self._began

    def first_token(self, after_ms: float) -> None:
        """Count the time from acceptance to the first token, in milliseconds."""
        self._first_token.observe(after_ms)

    def finished(self, outcome: Outcome, *, tokens_in: int, tokens_out: int, duration_ms: float | None) -> None:
        """Count a request that has ended.

        Args:
            outcome: success, error, cancelled or timeout.
            tokens_in: prompt tokens read.
            tokens_out: tokens generated.
            duration_ms: time of inference in milliseconds; None when it did not begin.
        """
        self._requests.labels(outcome).inc()
        self._tokens_in.inc(tokens_in)
        self._tokens_out.inc(tokens_out)
        if duration_ms is not None:
            self._duration.observe(duration_ms)

    def text(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self.registry)
