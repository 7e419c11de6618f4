"""Numbers and the words that they count: "1 token", "2 tokens"."""


def noun(count: float, one: str, many: str = "") -> str:
    """Return the form of a noun that goes with a number.

    Args:
        count: the number.
        one: the noun for one of them.
        many: the noun for any other number; `one` and an s when absent.
    """
    return one if count == 1 else many or f"{one}s"


def counted(count: int, one: str, many: str = "") -> str:
    """Return a number with its noun: "1 line", "2000 lines".

    Args:
        count: the number.
        one: the noun for one of them.
        many: the noun for any other number; `one` and an s when absent.
    """
    return f"{count} {noun(count, one, many)}"
