"""Counters in Prometheus' text format. No labels with ids: a metric must not tell what a job is called."""

from typing import Final

import msgspec

from narration_hub.exchange import Exchange

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

_COUNTERS: Final = {
    "accepted": "events taken in",
    "repeated": "events that were here already",
    "refused": "events that were not taken in",
    "lost": "events that producers gave up on their way here",
    "missed": "events that readers missed",
    "delivered": "writes to readers, of one event or several",
    "slow_readers": "readers that were given up because they did not read",
    "refused_callers": "requests without the right token",
}


def text(exchange: Exchange) -> bytes:
    """Return everything in Prometheus' text format."""
    counts = msgspec.structs.asdict(exchange.counts)
    rows = [(f"narration_hub_{name}_total", "counter", meaning, counts[name]) for name, meaning in _COUNTERS.items()]
    streams = exchange.streams
    rows += [
        ("narration_hub_readers", "gauge", "open streams", exchange.counts.readers),
        ("narration_hub_jobs", "gauge", "jobs in memory", len(exchange.board)),
        ("narration_hub_streams", "gauge", "streams in memory", streams.count("job") + streams.count("story")),
        ("narration_hub_stream_bytes", "gauge", "their size in bytes", streams.bytes),
        ("narration_hub_forgotten_total", "counter", "streams that were forgotten for lack of room", streams.forgotten),
    ]
    rows += exchange.engine.figures()
    if exchange.export is not None:
        export = exchange.export
        rows += [
            ("narration_hub_exported_total", "counter", "events that the collector was given", export.sent),
            ("narration_hub_export_rejected_total", "counter", "events that it did not want", export.rejected),
            ("narration_hub_export_lost_total", "counter", "events that waited for it in vain", export.lost),
        ]
    if exchange.store is not None:
        store = exchange.store
        rows += [
            ("narration_hub_unsaved_total", "counter", "events that the disk did not take", store.unsaved),
            ("narration_hub_unreadable_total", "counter", "lines of the store that cannot be read", store.unreadable),
            ("narration_hub_unread_files", "gauge", "files of the store that cannot be read", len(store.shut)),
        ]
    return "".join(
        f"# HELP {name} {meaning}\n# TYPE {name} {kind}\n{name} {value}\n" for name, kind, meaning, value in rows
    ).encode()
