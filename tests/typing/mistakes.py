"""Each line marked `# mistake` is a type error for mypy and pyright, and no other line is. Never run, only checked."""

from narration_core import Narrator, bind, configure, propagate, redact, register_field, sample

narrate = Narrator("shop")

narrate("open", "door", "Opening {device}", device="cpu", tokens_in=3, percent=2.5, anything_registered=object())
narrate.warn("open", "door", "Opening", cute="Good morning", duration_ms=1)
narrate("open", "door")  # mistake
narrate("open")  # mistake
narrate.loud("open", "door", "Opening")  # mistake
narrate.info("open", "door", "Opening", tokens_in="many")  # mistake
narrate("open", "door", "Opening", device=7)  # mistake
narrate.error("open", b"door", "Opening")  # mistake
Narrator(7)  # mistake
configure(level="loud")  # mistake
configure(level="warn", output="pretty", mode="story", overflow="wait")
configure(overflow="explode")  # mistake
narrate.enabled("loud")  # mistake


@narrate.traced
def add(left: int, right: int) -> int:
    return left + right


@narrate.traced(human="Adding", device="cpu")
async def add_later(left: int, right: int) -> int:
    return left + right


@bind(job_id="j")
def say(what: str) -> str:
    return what


number: int = add(1, 2)
add("1", 2)  # mistake
text: str = say("x")
say(1)  # mistake
carried: int = propagate(add)(1, 2)
same: str = redact("x")
kept: dict[str, int] = redact({"x": 1})
register_field("colour", str, "what colour")
register_field("colour", object, "what colour")  # mistake
sample("open", per_second=1.5)
sample("open")  # mistake

with narrate.span("load", "model", "Loading", level="debug") as span:
    span.progress(25, "Loading: {percent} %")
    span.progress("much", "Loading")  # mistake
