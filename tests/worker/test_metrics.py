"""What /metrics shows, read back by Prometheus' own parser."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from narration_core import Narrator
from narration_worker.metrics import Metrics


def read(metrics):
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
    }


@pytest.fixture
def metrics():
    return Metrics("w-1", lambda: 3, lambda: 4096)


@pytest.mark.req("M0-W-1350", "M0-W-1011")
def test_the_names_of_the_contract_are_there_from_the_start(metrics):
    values = read(metrics)
    assert values["worker_vram_bytes", ("worker_id", "w-1")] == 4096
    assert values["worker_queue_depth",] == 3
    assert values["worker_uptime_seconds",] >= 0
    for name in ("worker_tokens_in_total", "worker_tokens_generated_total"):
        assert values[name,] == 0
    for name in ("worker_inference_duration_ms", "worker_time_to_first_token_ms"):
        assert values[f"{name}_count",] == 0
    for outcome in ("success", "error", "cancelled", "timeout"):
        assert values["worker_requests_total", ("outcome", outcome)] == 0


@pytest.mark.req("M0-W-1350")
def test_a_finished_request_is_counted_once_where_it_belongs(metrics):
    metrics.first_token(2.0)
    metrics.finished("success", tokens_in=7, tokens_out=20, duration_ms=11.0)
    metrics.finished("cancelled", tokens_in=5, tokens_out=0, duration_ms=None)
    values = read(metrics)
    assert values["worker_requests_total", ("outcome", "success")] == 1
    assert values["worker_requests_total", ("outcome", "cancelled")] == 1
    assert values["worker_tokens_in_total",] == 12
    assert values["worker_tokens_generated_total",] == 20
    assert values["worker_inference_duration_ms_count",] == 1
    assert values["worker_inference_duration_ms_sum",] == 11.0
    assert values["worker_time_to_first_token_ms_count",] == 1


@pytest.mark.usefixtures("memory")
def test_narration_is_counted_too(metrics):
    before = read(metrics).get(("worker_narration_emitted_total", ("level", "warn")), 0)
    Narrator("tests").warn("look", "here", "Something is worth a look")
    assert read(metrics)["worker_narration_emitted_total", ("level", "warn")] == before + 1
