# ruff: noqa: E501, RUF001 - the lines of a table and its signs
"""Redaction against what others in Python use, on the same corpora, in the same run.

Each candidate runs in an interpreter of its own; the peers in an environment made by this benchmark.
CPU time is what counts.

    python -m benchmarks.redaction [--corpora DIR] [--only NAME]
"""

import argparse
import json
import os
import subprocess
from pathlib import Path

from benchmarks.environment import ROOT, machine, python_with
from benchmarks.redaction_candidates import CANDIDATES, kept_words, revived, survives
from benchmarks.results import replace_section

PEERS = (
    "logfire==5.2.0",
    "scrubadub==2.0.1",
    "detect-secrets==1.5.0",
    "presidio-analyzer",
    "sentry-sdk",
    "orjson",
    "ahocorasick_rs",
    "hyperscan",
)
OWN = ("orjson", "ahocorasick_rs", "hyperscan")
GOALS = {
    "gitleaks, prefix-type": ("≥ 99 %", 99),
    "gitleaks, needs the key name": ("≥ 93 %", 93),
    "the same in log shapes": ("≥ 98 %", 98),
    "secretlint": ("≥ 92 %", 92),
    "detect-secrets": ("≥ 80 %", 80),
    "email, card, IBAN, SSN": ("≥ 99 %", 99),
    "phone": ("≥ 97 %", 97),
    "structured events": ("100 %", 100),
    "trufflehog half": ("≥ 88 %", 88),
    "benign lines left untouched": ("≥ 99.5 %", 99.5),
    "harmful false positives left untouched": ("≥ 96 %", 96),
    "lines with many numbers left untouched": ("≥ 99.98 %", 99.98),
    "other words of the line kept": ("≥ 99 %", 99),
}
COSTS = (
    ("clean 100-character string", "clean us", "≤ 1.5 µs", "{:.2f} µs"),
    ("clean 12-field event", "event us", "≤ 4 µs", "{:.2f} µs"),
    ("the same as ratio to `orjson.dumps` of the event", "ratio", "≤ 6×", "{:.1f}×"),
    ("clean 12-field event, its sentence and time never seen before", "new event us", "≤ 4 µs", "{:.2f} µs"),
    ("the same as ratio to `orjson.dumps` of the event", "new ratio", "", "{:.1f}×"),
    ("one secret in 100 characters", "one us", "≤ 15 µs", "{:.1f} µs"),
    ("a line with many numbers (HDFS-, BGL-, ZooKeeper-like), the dearest kind", "line us", "≤ 5 µs", "{:.2f} µs"),
    ("worst adversarial 10 KB input, or crowd of secrets", "worst ms", "≤ 50 ms", "{:.1f} ms"),
    ("growth 10 → 80 KB", "growth", "≤ 12×", "{:.1f}×"),
    ("worst adversarial 1 MB input, or crowd of secrets", "megabyte ms", "≤ 1,000 ms", "{:.0f} ms"),
)

__all__ = ["kept_words", "main", "revived", "survives"]


def corpora() -> Path:
    """Return the folder of the corpora: NARRATION_CORPORA, or shared/corpora beside the checkout."""
    named = os.environ.get("NARRATION_CORPORA")
    return Path(named) if named else ROOT.parent / "shared" / "corpora"


def measured(python: str, candidate: str, folder: Path) -> dict:
    """Return what one candidate reaches, measured in an interpreter of its own."""
    script = Path(__file__).with_name("redaction_candidates.py")
    done = subprocess.run([python, script, candidate, folder], capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"{candidate} failed: {done.stderr.strip().splitlines()[-1:]}", flush=True)
        return {}
    result = json.loads(done.stdout.strip().splitlines()[-1])
    for ratio, cost in (("ratio", "event us"), ("new ratio", "new event us")):
        if result.get(cost) and result.get("orjson us"):
            result[ratio] = result[cost] / result["orjson us"]
    return result


def shown(value: float | None, form: str) -> str:
    """Return a figure as text; a dash where there is none."""
    if value is None:
        return "-"
    return (
        f"> {8} s" if value == float("inf") and "ms" in form else "∞" if value == float("inf") else form.format(value)
    )


def versions(python: str) -> str:
    """Return the versions of what is compared, as that interpreter has them."""
    names = [
        "logfire",
        "scrubadub",
        "detect-secrets",
        "presidio-analyzer",
        "sentry-sdk",
        "hyperscan",
        "regex",
        "ahocorasick_rs",
        "orjson",
    ]
    code = (
        "from importlib.metadata import distributions\n"
        "has = {d.metadata['Name'].lower().replace('_', '-'): d.version for d in distributions()}\n"
        f"print(', '.join(f'{{n}} {{has[k]}}' for n in {names!r} if (k := n.lower().replace('_', '-')) in has))"
    )
    return subprocess.run([python, "-c", code], capture_output=True, text=True, check=False).stdout.strip()


def main() -> None:
    """Measure, print and write the section `redaction` of benchmarks/RESULTS.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpora", type=Path, default=corpora())
    parser.add_argument("--only", action="append", help="measure these candidates only, write nothing")
    options = parser.parse_args()
    if not options.corpora.is_dir():
        print(f"no corpora in {options.corpora}: set NARRATION_CORPORA")
        return
    chosen = options.only or list(CANDIDATES)
    own = {name for name in chosen if name.startswith("narration")}
    # All in one environment, so that each is measured beside the same orjson.
    python = str(python_with(OWN if own == set(chosen) else PEERS))
    results = {}
    for name in chosen:
        results[name] = measured(python, name, options.corpora)
        print(f"{name} done", flush=True)
    lines = [
        f"{machine()}; {versions(python)}.",
        "Strict recall: a secret counts as gone when no piece of it of max(6, 35 %) characters is left. CPU time, best of sixty rounds in turn.",
        "",
        f"| measure | must reach | {' | '.join(chosen)} |",
        f"|---|---|{'---|' * len(chosen)}",
    ]
    for name, (goal, _) in GOALS.items():
        lines.append(
            f"| {name} | {goal} | " + " | ".join(shown(results[who].get(name), "{:.1f} %") for who in chosen) + " |"
        )
    for name, key, goal, form in COSTS:
        lines.append(f"| {name} | {goal} | " + " | ".join(shown(results[who].get(key), form) for who in chosen) + " |")
    worst = "; ".join(
        f"{who}: `{results[who]['worst input']}`, of 1 MB `{results[who]['worst megabyte']}`"
        for who in chosen
        if results[who].get("worst input")
    )
    lines += [
        "",
        f"Worst inputs: {worst}. Sentry looks at names only, so its text rows are what it leaves alone; `-`: it takes no such input.",
    ]
    print("\n".join(lines))
    if not options.only:
        replace_section("redaction", lines)


if __name__ == "__main__":
    main()
