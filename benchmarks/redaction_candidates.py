# ruff: noqa: E501, N818, PERF401, PTH118 - small, flat and without a dependency on purpose
"""One candidate of the redaction benchmark, run alone: `redaction_candidates.py NAME CORPORA` prints its measures as JSON.

Needs nothing but the standard library and the candidate, so that it runs in the peers' environment as well.
"""

import collections
import functools
import gzip
import itertools
import json
import random
import signal
import sys
import time
from pathlib import Path

MARKER = "[REDACTED]"
GROUPS = {  # name: (corpus, tiers, rules)
    "gitleaks, prefix-type": ("gitleaks", {"unique"}, None),
    "gitleaks, needs the key name": ("gitleaks", {"contextual"}, None),
    "the same in log shapes": ("gitleaks_log", {"unique", "contextual"}, None),
    "secretlint": ("secretlint", {"unique", "contextual"}, None),
    "detect-secrets": ("detect_secrets", {"unique", "contextual"}, None),
    "email, card, IBAN, SSN": ("presidio_dev", {"pii"}, {"email", "credit_card", "iban", "us_ssn", "us_itin"}),
    "phone": ("presidio_dev", {"pii"}, {"phone"}),
    "trufflehog half": ("trufflehog_dev", {None}, None),
}
CLEAN = "2026-03-01T12:34:56.789012Z worker seven finished loading the llama model in 12.4 s on device GPU0 ok"[:100]
ONE = ("2026-03-01T12:34:56 client sent Authorization: Bearer 7f3kQ9zLw0aYb2Xc8" + "Vd1 upstream, got 200 in 12 ms ok")[
    :100
]
EVENT = {
    "emitted_at_ms": 1_795_000_000_000,
    "level": "info",
    "actor": "pool-managerd",
    "action": "spawn",
    "target": "GPU0",
    "human": "Spawning engine llamacpp-v1 for pool 'default' on GPU0",
    "correlation_id": "0b0e9a3e-43f6-4a6a-9d9c-0a6c1a0e6a11",
    "job_id": "job-123",
    "pool_id": "default",
    "worker_id": "worker-7",
    "device": "GPU0",
    "emitted_by": "pool-managerd@0.1.0",
}
NEW = 9_000  # more than anybody remembers
PATIENCE_S = 8


def survives(secret, hidden):
    """Tell whether any piece of a secret of max(6, 35 %) characters is left in a text."""
    size = max(6, -(-len(secret) * 35 // 100))
    if len(secret) <= size:
        return secret in hidden
    return any(secret[at : at + size] in hidden for at in range(len(secret) - size + 1))


def kept_words(text, secret, hidden):
    """Return the share of a text's other words that are still there; None when it has none."""
    words = text.replace(secret, " ").split()
    if not words:
        return None
    left = collections.Counter(hidden.split())
    kept = 0
    for word in words:
        if left[word] > 0:
            left[word] -= 1
            kept += 1
        elif word in hidden:
            kept += 1
    return kept / len(words)


def revived(value):
    """Return a corpus event with its bytes as bytes."""
    if isinstance(value, dict):
        return value["__bytes__"].encode() if set(value) == {"__bytes__"} else {k: revived(v) for k, v in value.items()}
    return [revived(item) for item in value] if isinstance(value, list) else value


# -- candidates: each returns (text function, event function or None) ---------------------------


def narration(engine=""):
    from narration_core.redaction import RedactionPolicy, Redactor

    redactor = Redactor(RedactionPolicy(engine=engine))
    return redactor.text, redactor.fields


def portable():
    return narration("ahocorasick")


def logfire():
    from logfire._internal.scrubbing import Scrubber

    scrubber = Scrubber([])
    return lambda text: scrubber.scrub_value(("attributes", "x"), text)[0], lambda event: scrubber.scrub_value(
        ("attributes",), event
    )[0]


def scrubadub():
    import scrubadub as library

    scrubber = library.Scrubber()
    return scrubber.clean, None


def detect_secrets():
    import os
    import tempfile

    from detect_secrets.core.scan import scan_file
    from detect_secrets.settings import default_settings

    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "lines.txt")
    settings = default_settings()
    settings.__enter__()

    def text(value, _keep=settings):
        with open(path, "w", encoding="utf-8", errors="surrogatepass") as file:
            file.write(value)
        for found in sorted(scan_file(path), key=lambda found: -len(found.secret_value or "")):
            if found.secret_value:
                value = value.replace(found.secret_value, MARKER)
        return value

    return text, None


def presidio():
    import tldextract

    # The e-mail recognizer would fetch the public suffix list from the network.
    tldextract.extract = tldextract.TLDExtract(suffix_list_urls=())
    from presidio_analyzer import predefined_recognizers as known

    names = (
        "EmailRecognizer",
        "PhoneRecognizer",
        "CreditCardRecognizer",
        "IbanRecognizer",
        "UsSsnRecognizer",
        "UsItinRecognizer",
        "CryptoRecognizer",
        "IpRecognizer",
        "UrlRecognizer",
    )
    recognizers = [getattr(known, name)() for name in names if name != "UrlRecognizer" and hasattr(known, name)]

    def text(value):
        found = []
        for recognizer in recognizers:
            for result in recognizer.analyze(value, recognizer.supported_entities, None) or ():
                if result.score >= 0.4:
                    found.append((result.start, result.end))
        for start, end in sorted(set(found), reverse=True):
            value = value[:start] + MARKER + value[end:]
        return value

    return text, None


def sentry():
    from sentry_sdk.scrubber import EventScrubber

    scrubber = EventScrubber(recursive=True)

    def event(value):
        whole = {"extra": value}
        scrubber.scrub_event(whole)
        return whole["extra"]

    return lambda text: text, event


CANDIDATES = {
    "narration": narration,
    "narration, portable engine": portable,
    "logfire": logfire,
    "scrubadub": scrubadub,
    "detect-secrets": detect_secrets,
    "presidio patterns": presidio,
    "sentry": sentry,
}


# -- measures -------------------------------------------------------------------------------------


def plain(value):
    """Return a value as text, sentry's annotated values by what they hold."""
    if hasattr(value, "value") and hasattr(value, "metadata"):
        return str(value.value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{plain(k)}: {plain(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(plain, value)) + "]"
    return str(value)


def rows(folder, name):
    with gzip.open(Path(folder) / f"{name}.jsonl.gz", "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def new_events():
    """Return events whose time and sentence differ from one to the next, to be gone through again and again."""
    pick = random.Random(1)
    words = ["".join(pick.choices("abcdefghilmnoprstuv", k=pick.randint(2, 8))) for _ in range(2000)]
    return itertools.cycle(
        [
            EVENT | {"emitted_at_ms": EVENT["emitted_at_ms"] + number, "human": " ".join(pick.choices(words, k=9))}
            for number in range(NEW)
        ]
    )


def microseconds(calls, rounds=60, seconds=0.012):
    """Return the CPU time of each call in microseconds, the best of many rounds in turn: processors change their speed.

    Args:
        calls: name to a function and its argument.
    """
    counts = {}
    for name, (call, value) in calls.items():
        call(value)
        start = time.process_time()
        for _ in range(20):
            call(value)
        counts[name] = max(1, int(seconds * 20 / max(time.process_time() - start, 1e-6)))
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, (call, value) in calls.items():
            start = time.process_time()
            for _ in range(counts[name]):
                call(value)
            best[name] = min(best[name], (time.process_time() - start) / counts[name] * 1e6)
    return best


class TooLong(Exception):
    pass


def _alarm(*_):
    raise TooLong


def limited_ms(call, text, times):
    """Return the CPU time of a call in milliseconds, the best of some times; infinite when it is not done in time.

    Once would say how slow a shared machine can be: of fifty inputs, one always meets a slow moment.
    """
    return min(_once_limited_ms(call, text) for _ in range(times))


def _once_limited_ms(call, text):
    signal.signal(signal.SIGALRM, _alarm)
    signal.alarm(PATIENCE_S)
    start = time.process_time()
    try:
        call(text)
    except TooLong:
        return float("inf")
    finally:
        signal.alarm(0)
    return (time.process_time() - start) * 1000


def repeated(value):
    """Return what makes a text of about so many characters of a short one."""
    return lambda size: value * max(1, size // len(value))


def worst_inputs(folder):
    """Return by name what makes a text of so many characters: the adversarial inputs, and crowds of secrets."""
    from redaction_crowds import CROWDS, crowd  # beside this script

    with gzip.open(Path(folder) / "adversarial.json.gz", "rt", encoding="utf-8") as file:
        made = {name: repeated(value) for name, value in json.load(file).items()}
    return made | {f"crowd: {shape}": functools.partial(crowd, shape) for shape in CROWDS}


def adversarial(text, folder):
    worst, name, growth = 0.0, "", 0.0
    for key, made in worst_inputs(folder).items():
        short, long = made(10_000), made(80_000)
        small = limited_ms(text, short, 4)
        if small > worst:
            worst, name = small, key
        if small == float("inf"):
            return worst, name, float("inf")
        if small < 1000:
            large = limited_ms(text, long, 4)
            growth = max(growth, large / max(small, 2.0))
        else:
            growth = float("inf")
    return worst, name, growth


def megabyte(text, folder):
    """Return the milliseconds of the slowest of the worst inputs, made a megabyte long, and its name; infinite at the first that is not done in time."""
    worst, name = 0.0, ""
    for key, made in worst_inputs(folder).items():
        took = limited_ms(text, made(1_000_000), 2)
        if took > worst:
            worst, name = took, key
        if worst == float("inf"):
            break
    return worst, name


def log_lines(text):
    """Return the microseconds a line of the most expensive kind of lines with many numbers, and the share of all that stays."""
    from redaction_logs import KINDS, lines  # beside this script

    dearest, kept, total = 0.0, 0, 0
    for kind in KINDS:
        if kind == "counters":
            continue
        many = list(lines(kind, 1_000))
        kept += sum(text(line) == line for line in many)
        total += len(many)

        def through(many=many):
            start = time.process_time()
            for line in many:
                text(line)
            return time.process_time() - start

        dearest = max(dearest, min(through() for _ in range(5)) / len(many) * 1e6)
    return dearest, 100 * kept / total


def measure(candidate, folder):
    text, event = CANDIDATES[candidate]()
    result = {}
    kept = []
    for group, (corpus, tiers, wanted) in GROUPS.items():
        chosen = [
            row
            for row in rows(folder, corpus)
            if row["kind"] == "tp" and row.get("tier") in tiers and (wanted is None or row["rule"] in wanted)
        ]
        results = [(row, text(row["text"])) for row in chosen]
        gone = [(row, hidden) for row, hidden in results if not survives(row["secret"], hidden)]
        kept += [kept_words(row["text"], row["secret"], hidden) for row, hidden in gone]
        result[group] = 100 * len(gone) / len(chosen)
    shares = [share for share in kept if share is not None]
    result["other words of the line kept"] = 100 * sum(shares) / len(shares) if shares else None
    for group, corpus in (
        ("benign lines left untouched", "benign"),
        ("harmful false positives left untouched", "fp_harm"),
    ):
        lines = rows(folder, corpus)
        result[group] = 100 * sum(text(row["text"]) == row["text"] for row in lines) / len(lines)
    result["structured events"] = None
    if event is not None:
        found = total = 0
        for row in rows(folder, "structured"):
            hidden = plain(event(revived(row["event"])))
            total += len(row["secrets"])
            found += sum(not survives(secret, hidden) for secret in row["secrets"])
        result["structured events"] = 100 * found / total
    reads = candidate != "sentry"  # sentry looks at names only
    calls = {}
    if reads:
        calls |= {"clean us": (text, CLEAN), "one us": (text, ONE)}
    if event is not None:
        others = new_events()
        calls |= {"event us": (event, dict(EVENT)), "new event us": (lambda _: event(next(others)), None)}
    try:
        import orjson

        calls["orjson us"] = (orjson.dumps, EVENT)
    except ImportError:
        pass
    result |= microseconds(calls)
    if reads:
        result["line us"], result["lines with many numbers left untouched"] = log_lines(text)
        result["worst ms"], result["worst input"], result["growth"] = adversarial(text, folder)
        result["megabyte ms"], result["worst megabyte"] = megabyte(text, folder)
    return result


if __name__ == "__main__":
    import warnings

    warnings.simplefilter("ignore")
    print(json.dumps(measure(sys.argv[1], sys.argv[2])))
