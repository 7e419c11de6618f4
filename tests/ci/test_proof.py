"""The proof bundle holds what the run left, and says what is missing, unequal or wrongly named."""

import hashlib
import json
import os
import re
import time

import pytest
from click.testing import CliRunner

from narration_ci.cli import proof
from narration_ci.proof import metric_names

pytestmark = pytest.mark.req("COV-04")

METRICS = """\
# HELP worker_requests_total Requests
# TYPE worker_requests_total counter
worker_requests_total{outcome="success"} 1.0
# TYPE worker_requests_created gauge
worker_requests_created{outcome="success"} 1.7e+09
# TYPE worker_inference_duration_ms histogram
worker_inference_duration_ms_bucket{le="5.0"} 0.0
worker_inference_duration_ms_count 1.0
worker_inference_duration_ms_sum 7.0
# TYPE worker_queue_depth gauge
worker_queue_depth 0.0
# TYPE python_info gauge
python_info{job_id="not ours"} 1.0
"""


@pytest.fixture
def proven(shop):
    """Return the shop after a good run that left every kind of proof."""
    shop.baseline(threshold=50)
    shop.write("snapshots/shop/a_sale.story", "A sale\n")
    shop.write(".narration/proof/transcripts/sale.sse", "event: token\n\n")
    shop.write(".narration/proof/determinism/haiku.1.json", "[1, 2]\n")
    shop.write(".narration/proof/determinism/haiku.2.json", "[1, 2]\n")
    (shop.root / ".narration/proof/metrics").mkdir()
    (shop.root / ".narration/proof/metrics/metrics.txt").write_text(METRICS)
    events = ["app/shop.py::buy#1", "app/shop.py::buy#2", "app/told.py::POINTS.opened#1"]
    shop.record(shop.reached("f.feature::sale", events, scenario="A sale", feature="f.feature"))
    return shop


def run(project, *arguments, code):
    ran = CliRunner().invoke(proof, ["--root", str(project.root), *arguments])
    assert not ran.exception or isinstance(ran.exception, SystemExit), ran.exception
    assert ran.exit_code == code, ran.output
    return ran.output


def test_everything_is_in_the_bundle_and_the_page_leads_to_it(proven):
    out = run(proven, *(f"--require={kind}" for kind in ("stories", "transcripts", "determinism", "metrics")), code=0)
    bundle = proven.root / "proof/run-1"
    assert f"narration proof: {bundle / 'index.html'}" in out
    page = (bundle / "index.html").read_text("utf-8")
    assert "All checks passed." in page
    assert "The outputs of 1 repeated run were compared: equal, byte for byte." in page
    assert "The names of 3 metrics were checked: no mistakes." in page
    assert "<pre>event: token\n\n</pre>" in page
    linked = set(re.findall(r'href="([^"]+)"', page))
    files = {path.relative_to(bundle).as_posix() for path in bundle.rglob("*") if path.is_file()}
    assert linked == files - {"index.html"}
    assert {
        "stories/shop/a_sale.story",
        "transcripts/sale.sse",
        "coverage/narration.html",
        "metrics/names.txt",
    } <= files
    for line in (bundle / "SHA256SUMS").read_text().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256((bundle / name).read_bytes()).hexdigest() == digest
    about = json.loads((bundle / "environment.json").read_text())
    assert "click" in about["packages"]
    assert about["commit"] is None or len(about["commit"]) == 40


def test_a_second_bundle_of_a_run_holds_nothing_of_the_first(proven):
    run(proven, code=0)
    (proven.root / "proof/run-1/stale.txt").write_text("x")
    run(proven, code=0)
    assert not (proven.root / "proof/run-1/stale.txt").exists()


def test_what_is_missing_or_unequal_fails(proven):
    (proven.root / ".narration/proof/transcripts/sale.sse").unlink()
    proven.write(".narration/proof/determinism/haiku.2.json", "[1, 3]\n")
    proven.write(".narration/proof/determinism/alone.1.json", "[]\n")
    out = run(proven, "--require", "transcripts", code=1)
    assert "haiku.2.json: differs from haiku.1.json: equal seeds must give equal token ids" in out
    assert "alone.1.json: has no second run" in out
    assert "transcripts: missing from the proof bundle: tests leave it in .narration/proof/transcripts/" in out
    assert "Some checks failed" in (proven.root / "proof/run-1/index.html").read_text("utf-8")


def test_what_an_earlier_run_left_proves_nothing(proven):
    old = time.time() - 3600
    for name in ("transcripts/sale.sse", "determinism/haiku.2.json"):
        os.utime(proven.root / ".narration/proof" / name, (old, old))
    out = run(proven, "--require", "transcripts", "--require", "determinism", code=1)
    assert (
        "transcripts: missing from the proof bundle: tests leave it in .narration/proof/transcripts/; "
        "the 1 files there are of an earlier run"
    ) in out
    assert "haiku.1.json: has no second run" in out
    assert not (proven.root / "proof/run-1/transcripts").exists()


def test_a_file_that_is_long_is_a_link_alone(proven):
    proven.write(".narration/proof/transcripts/long.sse", "x" * 40_000)
    run(proven, code=0)
    page = (proven.root / "proof/run-1/index.html").read_text("utf-8")
    assert '<li><a href="transcripts/long.sse">' in page
    assert "xxxx" not in page


def test_text_that_was_left_stays_text(proven):
    proven.write(".narration/proof/transcripts/evil.sse", "</pre><script>alert(1)</script>")
    run(proven, code=0)
    assert "<script" not in (proven.root / "proof/run-1/index.html").read_text("utf-8")


def test_the_gate_speaks_in_the_bundle(proven):
    proven.baseline(threshold=90)
    assert "90 % are needed" in run(proven, code=1)


def test_without_a_run_there_is_no_bundle(shop):
    assert "there are no run records" in run(shop, code=2)
    assert not (shop.root / "proof").exists()


def test_no_secret_of_the_environment_is_told(proven, monkeypatch):
    monkeypatch.setenv("NARRATION_TOKEN", "Bearer abcdefghijklmnopqrstuvwxyz0123456789")
    monkeypatch.setenv("SOME_PASSWORD", "made-up")
    run(proven, code=0)
    text = (proven.root / "proof/run-1/environment.json").read_text()
    assert "abcdefghijklmnop" not in text
    assert "SOME_PASSWORD" not in text


def test_good_metric_names_pass():
    names, findings = metric_names.check(METRICS, "m")
    assert names == ["worker_inference_duration_ms", "worker_queue_depth", "worker_requests_total"]
    assert not findings


@pytest.mark.parametrize(
    ("line", "out"),
    [
        ("# TYPE workerRequests counter", "has an invalid name"),
        ("# TYPE worker_requests counter", "is a counter: the name of a counter ends in _total"),
        ("# TYPE worker_depth_total gauge", "is a gauge: only the name of a counter ends in _total"),
        ("# TYPE worker_duration histogram", "is a histogram without a unit"),
        ("worker_thing 1.0", "has no type"),
        ('# TYPE worker_x gauge\nworker_x{job_id="j-1"} 1', "has the label job_id: every request would be a series"),
    ],
)
def test_a_wrong_metric_name_is_named(line, out):
    _, findings = metric_names.check(line, "m")
    assert out in "\n".join(map(str, findings))
