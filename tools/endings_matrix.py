"""Every way to end a process with every kind of output: is what was emitted there?

`MAIN` is run once for each cell of the table in docs/delivery.md; `tools.endings` prints them.
"""

from typing import Final

MAIN: Final = """
import atexit, ctypes, multiprocessing, os, signal, sys, time
late = []
atexit.register(lambda: [call() for call in late])  # before narration: runs after it has finished
from narration_core import FileSink, Narrator, StreamSink, configure
narrate = Narrator("child")
class Own:
    name = "own"
    def __init__(self, background):
        self.background = background
    def write(self, batch):
        for record in batch:
            with open("own.jsonl", "ab") as file:
                file.write(record.line + b"\\n")
    def close(self):
        pass
def set_up(sink):
    configure(sinks=[{
        "stdout": lambda: StreamSink(lambda: sys.stdout),
        "stderr": lambda: StreamSink(lambda: sys.stderr),
        "file": lambda: FileSink("file.jsonl"),
        "stdout, queued": lambda: StreamSink(lambda: sys.stdout, delivery="queued"),
        "file, queued": lambda: FileSink("file.jsonl", delivery="queued"),
        "own, background": lambda: Own(True),
        "own, inline": lambda: Own(False),
    }[sink]()])
def tell(number=0):
    narrate("told", str(number), "Beginning")
    narrate.fatal("last_words", str(number), "Failing", error_kind="disk_full")
def child(sink):
    set_up(sink)
    tell()
def wait(signal_number):
    os.kill(os.getpid(), signal_number)
    time.sleep(60)
def crash():
    ctypes.string_at(0)
def main(sink, ending):
    if ending in multiprocessing.get_all_start_methods():
        process = multiprocessing.get_context(ending).Process(target=child, args=(sink,))
        process.start()
        process.join()
    elif ending == "pool":
        with multiprocessing.get_context("fork").Pool(2, set_up, (sink,)) as pool:
            pool.map(tell, range(4), chunksize=1)
    elif ending == "atexit":
        late.append(tell)
        set_up(sink)
    else:
        set_up(sink)
        tell()
        {
            "return": lambda: None,
            "sys.exit": lambda: sys.exit(3),
            "exception": lambda: 1 / 0,
            "_exit": lambda: os._exit(0),
            "abort": os.abort,
            "exec": lambda: os.execv(sys.executable, [sys.executable, "-c", ""]),
            "crash": crash,
            "SIGTERM": lambda: wait(signal.SIGTERM),
            "SIGKILL": lambda: wait(signal.SIGKILL),
        }[ending]()
if __name__ == "__main__":
    main(*sys.argv[1:])
"""

SURE_SINKS: Final = ("stdout", "stderr", "file", "own, inline")
"""They lose nothing, however the process ends."""

QUEUED_SINKS: Final = ("stdout, queued", "file, queued", "own, background")
"""They lose what waits, up to 20 ms, when a process ends roughly."""

ORDERLY_ENDINGS: Final = ("return", "sys.exit", "exception", "fork", "spawn", "forkserver")
ROUGH_ENDINGS: Final = ("_exit", "abort", "exec", "crash", "SIGTERM", "SIGKILL", "atexit", "pool")
OUTPUTS: Final = ("events.jsonl", "stderr", "file.jsonl", "own.jsonl")


def wanted(ending: str) -> dict[str, int]:
    """Return how many events of each action a program emits."""
    times = 4 if ending == "pool" else 1
    return {"told": times, "last_words": times}


def must_be_whole(sink: str, ending: str) -> bool:
    """Return whether the documents promise that nothing is lost."""
    # When narration has finished, what still comes for a stream or a file is written by its caller.
    late = ending == "atexit" and sink.endswith("queued")
    return late or sink in SURE_SINKS or ending in ORDERLY_ENDINGS
