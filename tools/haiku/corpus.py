"""The haikus and requests from which the bundled model learns; all written for this repository."""

import random
from typing import Final, NamedTuple


class Topic(NamedTuple):
    """A topic: its names in requests, and lines; any first, second and third line make a haiku."""

    names: tuple[str, ...]
    first: tuple[str, ...]
    second: tuple[str, ...]
    third: tuple[str, ...]


ENGLISH: Final[tuple[Topic, ...]] = (
    Topic(
        ("GPU computing", "GPUs", "a GPU", "graphics cards"),
        (
            "Ten thousand small cores",
            "Silicon at dawn",
            "Warps march side by side",
            "A grid wakes as one",
            "Threads fall like spring rain",
            "Cold metal, bright thought",
        ),
        (
            "each one carries a single grain",
            "numbers bloom in parallel rows",
            "hum beneath the sleeping city",
            "share the weight of one long question",
            "add the rain drop by patient drop",
            "and the answer arrives at once",
        ),
        (
            "the mountain has moved",
            "morning fills the room",
            "then the silence counts",
            "one river, many hands",
            "the fans start to sing",
            "light leaves the machine",
        ),
    ),
    Topic(
        ("memory", "VRAM", "GPU memory", "caches"),
        (
            "The cache remembers",
            "Wide bus, quiet road",
            "Eighty gigabytes",
            "A page turns, unread",
            "Bytes cross the dark bridge",
        ),
        (
            "what the slow disk has long let go",
            "weights rest in their numbered houses",
            "nothing is lost, only far off",
            "each key keeps its value in reach",
            "one more tensor knocks at the door",
        ),
        (
            "no room for the last",
            "freed before the frost",
            "and nothing is lost",
            "the pool fills again",
            "close by, like old friends",
        ),
    ),
    Topic(
        ("inference", "tokens", "a language model", "sampling"),
        (
            "One token, then one",
            "A prompt, then a pause",
            "The model leans in",
            "Low temperature",
            "Words wait in the dark",
        ),
        (
            "the next word already half known",
            "probabilities fall like snow",
            "the seed decides where the path bends",
            "attention looks back down the road",
            "softly the sampler rolls its dice",
        ),
        (
            "the sentence is done",
            "a full stop, and breath",
            "same seed, the same song",
            "end of the sequence",
            "it says what it knows",
        ),
    ),
    Topic(
        ("kernels", "CUDA", "parallel code", "threads"),
        (
            "One launch, many hands",
            "Blocks wait for their turn",
            "The barrier holds",
            "Two threads reach one word",
            "The kernel returns",
        ),
        (
            "shared memory passes the bread",
            "no thread walks on before the rest",
            "a race that nobody should win",
            "registers full, the spill begins",
            "the stream carries it all downstream",
        ),
        (
            "all of them arrive",
            "sync, and then they rest",
            "the lock clicks open",
            "error code: zero",
            "the grid folds its wings",
        ),
    ),
    Topic(
        ("heat", "fans", "a data center", "cooling"),
        (
            "Warm air from the rack",
            "Fans learn a new note",
            "Night in the long hall",
            "Blue lamps, row by row",
            "Snow outside the vents",
        ),
        (
            "the winter never enters here",
            "a thousand watts become one word",
            "the engineer counts blinking lights",
            "water carries the thought away",
            "somewhere a job begins to train",
        ),
        (
            "the whole room exhales",
            "a cat finds the heat",
            "summer in a box",
            "green lights until dawn",
            "the hall hums along",
        ),
    ),
    Topic(
        ("logs", "narration", "an incident", "debugging"),
        (
            "Five services speak",
            "A stack trace at noon",
            "The pager sings twice",
            "Somebody wrote down",
            "Plain words in the log",
        ),
        (
            "one thread of id binds them all",
            "the story tells itself in turn",
            "the secret stays behind its veil",
            "who did what to which, and how long",
            "the missing line has found its voice",
        ),
        (
            "now the bug is known",
            "the night ends early",
            "red turns into green",
            "we read and we sleep",
            "nothing else to guess",
        ),
    ),
)

EMOJI: Final = Topic(
    ("🚀", "emoji", "a rocket"),
    ("🚀 one kernel lifts off", "🌸 soft light on the chip", "🔥 the fans spin faster"),
    ("🧮 a thousand small sums agree", "🌊 the numbers roll in like waves", "🧵 every thread holds its own star"),
    ("🌙 then the queue is still", "✨ the answer glows", "🍵 time for a tea break"),
)
CHINESE: Final = Topic(
    ("显卡", "GPU计算", "芯片"),
    ("夜里灯未眠", "千核同时醒", "风扇轻轻唱"),
    ("数字如雨落晶片", "张量在光中起舞", "一行一行算到天明"),
    ("答案开成花", "万线归于一", "黎明静无声"),
)

_ASK: Final = (
    "Write a haiku about {}",
    "A haiku about {}, please",
    "Write a haiku about {}.",
    "haiku: {}",
    "Please write a short poem about {}",
)
_ASK_CHINESE: Final = ("写一首关于{}的俳句", "关于{}的诗")


def haiku(topic: Topic, chance: random.Random) -> str:
    """Return three lines on a topic."""
    return "\n".join(chance.choice(lines) for lines in (topic.first, topic.second, topic.third))


def sample(chance: random.Random) -> tuple[str, str]:
    """Return a request and its answer; the answer starts with a line break."""
    which = chance.random()
    if which < 0.12:  # noqa: PLR2004 - shares of the corpus
        topic, ask = CHINESE, _ASK_CHINESE
    elif which < 0.24:  # noqa: PLR2004
        topic, ask = EMOJI, _ASK
    else:
        # People try the first topic first, so it is more frequent.
        topic, ask = chance.choice((ENGLISH[0], *ENGLISH)), _ASK
    return chance.choice(ask).format(chance.choice(topic.names)), "\n" + haiku(topic, chance)


def answers() -> set[str]:
    """Return every haiku of the corpus, to distinguish memorised answers from others."""
    return {
        f"{first}\n{second}\n{third}"
        for topic in (*ENGLISH, EMOJI, CHINESE)
        for first in topic.first
        for second in topic.second
        for third in topic.third
    }
