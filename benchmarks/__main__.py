"""`python -m benchmarks [NAME...]`: run all benchmarks, or those named."""

import importlib
import importlib.util
import sys

NAMES = ("facade", "redaction", "capture", "worker", "following", "integrations", "hub")


def main() -> None:
    """Run each benchmark's own main()."""
    chosen, sys.argv[1:] = sys.argv[1:] or list(NAMES), []
    for name in chosen:
        if importlib.util.find_spec(f"benchmarks.{name}") is None:
            print(f"benchmark {name}: not there yet")
            continue
        print(f"== {name}", flush=True)
        importlib.import_module(f"benchmarks.{name}").main()


main()
