"""Gherkin data tables as what steps want to work with."""

from collections.abc import Sequence


def rows(datatable: Sequence[Sequence[object]]) -> list[dict[str, str]]:
    """Return a table with a header row as one dict a row.

    Args:
        datatable: the table as pytest-bdd hands it over, the header first.
    """
    header, *body = [[str(cell) for cell in row] for row in datatable]
    return [dict(zip(header, row, strict=True)) for row in body]


def one_table(datatable: Sequence[Sequence[object]]) -> dict[str, str]:
    """Return a table of two columns, name and value, as one dict; a header row `field | value` may stand above.

    Raises:
        ValueError: a row has not exactly two cells, or a name comes twice.
    """
    found: dict[str, str] = {}
    for place, row in enumerate(datatable):
        cells = [str(cell) for cell in row]
        if len(cells) != 2:  # noqa: PLR2004 - name and value
            raise ValueError(f"row {place + 1} of the table has {len(cells)} cells, not two: name and value")
        name, value = cells
        if place == 0 and (name, value) == ("field", "value"):
            continue
        if name in found:
            raise ValueError(f"the table names {name!r} twice")
        found[name] = value
    return found
