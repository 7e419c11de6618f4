"""The exercise: how much is typed and read until the cause of an incident is known."""

import asyncio

import pytest

from fleet.exercise import findings, report, total


@pytest.mark.req("FLEET-04")
def test_with_narration_a_tenth_of_the_commands_and_lines_tells_the_cause():
    found = asyncio.run(findings())
    shown = "\n".join(report(found))
    assert all(one.plain.found and one.narrated.found for one in found), shown
    assert total(found, "narrated")[0] == len(found), shown  # one command each
    assert all(one.narrated.lines <= 4 for one in found), shown  # the answer is in the first lines
    assert sum(total(found, "plain")) >= 10 * sum(total(found, "narrated")), shown
