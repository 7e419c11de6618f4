"""Declared points: what the source says is what happens at run time."""

import json

import pytest

from narration_ci.findings import CoverageError

FORMS = '''
    """Every way to tell something."""
    import functools
    from typing import Optional
    import narration_core as nc
    from narration_core import Catalogue as Table, Narrator, Narrator as Teller, Span
    from app.told import narrate as say, tellers
    import app.told
    from . import told
    from .told import *

    own = Teller("own")
    é = Narrator("accent")
    POINTS = Table("table")
    first = POINTS.point("first", "one", "x", "First"); second = POINTS.point(
        "second",
        "two", "x",
        "Second",
        actor="other",
    )

    def plain():
        own("a", "x", "One"); own.warn("b", "x", "Two")
        own.error(
            "c",
            "x",
            "Three",
        )
        (own
            .debug(
                "d", "x", "Four"
            ))
        é("ümlaut", "ä", "Fünf") if False else é("e", "ä", "Fünf")
        own(*("star", "x", "Star"), **{"device": "GPU0"})
        nc.Narrator("direct")("f", "x", "Six")

    def imported():
        say("g", "x", "Seven"); app.told.narrate("h", "x", "Eight"); told.narrate.trace("i", "x", "Nine")
        starred("j", "x", "Ten")
        told.make().info("k", "x", "Eleven")

    def comprehensions():
        [own("l", str(i), "Twelve") for i in range(2)]
        list(own("m", str(i), "Thirteen") for i in range(2))
        {own("n", str(i), "Fourteen"): own("o", str(i), "Fifteen") for i in range(2)}
        (lambda: own("p", "x", "Sixteen"))()
        if (walrus := own.info) is not None: walrus("q", "x", "Seventeen")

    def spans():
        with own.span("r", "x", "Eighteen") as work:
            work.progress(50, "Half")
        with own.span(
            "s", "x",
            "Nineteen",
        ): pass
        try:
            with own.span("t", "x", "Twenty"):
                raise ValueError("made up")
        except ValueError:
            pass

    @own.traced
    def traced(): pass

    @own.traced(
        human="Tracing",
    )
    def traced_with(): pass

    @own.traced
    @own.traced(quiet=False)
    def twice(): pass

    class Kept:
        level: Narrator = own

        def __init__(self, narrate: Narrator, maybe: "Narrator | None" = None):
            self.narrate = narrate
            self.maybe: Optional[Narrator] = maybe or own

        @property
        def teller(self) -> Teller:
            return own

        def tell(self):
            self.narrate("u", "x", "Twenty-one")
            self.maybe.info("v", "x", "Twenty-two"); self.teller("w", "x", "Twenty-three")
            self.level("y", "x", "Twenty-four")

        @own.traced
        def method(self): pass

    class Heir(Kept):
        def more(self):
            self.narrate("z", "x", "Twenty-five")
            def inner():
                self.narrate("aa", "x", "Twenty-six")
            inner()

    def parameters(narrate: Teller, fallback=own):
        narrate("bb", "x", "Twenty-seven"); fallback("cc", "x", "Twenty-eight")

    def outside(kept):
        kept.narrate("dd", "x", "Twenty-nine")

    def main():
        plain(); imported(); comprehensions(); spans(); traced(); traced_with(); twice()
        heir = Heir(Narrator("heir")); heir.tell(); heir.more(); heir.method()
        parameters(own); outside(heir); first(); second()
        Kept(own).narrate("ee", "x", "Thirty")

    if __name__ == "__main__":
        main()
'''
FORMS_TOLD = """
    from narration_core import Narrator

    narrate = starred = Narrator("told")
    tellers = [Narrator("list")]

    def make() -> Narrator:
        return narrate
"""


def test_the_source_and_the_run_agree_on_every_form_of_a_point(project):
    project.write("app/__init__.py", "")
    project.write("app/told.py", FORMS_TOLD)
    project.write("app/forms.py", FORMS)
    ran = project.python(
        "-m", "app.forms", NARRATION_SOURCE_LOCATION="1", NARRATION_LEVEL="trace", NARRATION_FORMAT="json"
    )
    assert ran.returncode == 0, ran.stderr
    events = [json.loads(line) for line in ran.stdout.splitlines()]
    found = project.declared()
    named = {location: point for point in found.points for location in (point.location, *point.progress)}
    unknown = [event for event in events if event["source_location"] not in named]
    assert not unknown
    emitted = {event["source_location"] for event in events}
    # The branch that is never taken is the one point that no event comes from.
    assert [point.action for point in found.points if point.location not in emitted] == ["ümlaut"]
    told_by = {(event["source_location"], event["actor"]) for event in events}
    for point in found.points:
        if point.actor is not None and point.location in emitted:
            assert (point.location, point.actor) in told_by


def test_a_point_says_what_it_tells(shop):
    by_key = {point.key: point for point in shop.declared().points}
    assert list(by_key) == [
        "app/shop.py::buy#1",
        "app/shop.py::buy#2",
        "app/shop.py::close#1",
        "app/told.py::POINTS.opened#1",
    ]
    pay = by_key["app/shop.py::buy#2"]
    assert (pay.actor, pay.action, pay.level, pay.human) == ("shop", "pay", "warn", "Paying for {target}")
    assert (pay.line, pay.end_line, pay.place) == (6, 10, "app/shop.py:6")
    assert by_key["app/told.py::POINTS.opened#1"].kind == "catalogue"


def test_namesakes_are_no_points(project):
    project.write(
        "app/other.py",
        """
        import logging
        from elsewhere import Narrator, narrate
        from narration_core import Narrator as Real, bind

        log = logging.getLogger("x")
        teller = Narrator("not ours")
        real = Real("ours")

        def tell(real):
            real("shadowed", "x", "A parameter hides the narrator")

        def muted():
            real.mute("quiet", "x", "Mute tells nothing")
            real.enabled("info")
            teller("a", "b", "c"); narrate("a", "b", "c"); log.info("a"); bind(job_id="x")

        class Box:
            real = 1
            def tell(self):
                self.real("a", "b", "c")
        """,
    )
    assert project.declared().points == ()


def test_modules_are_found_in_a_src_folder_and_beside_each_other(project):
    project.write("app/src/pack/__init__.py", "from .told import narrate\n")
    project.write("app/src/pack/told.py", "from narration_core import Narrator\nnarrate = Narrator('pack')\n")
    project.write(
        "app/src/pack/use.py", "import pack\nfrom pack import narrate as n\nn('a','b','c'); pack.narrate('d','e','f')\n"
    )
    project.write("app/script.py", "from told_beside import narrate\nnarrate('a', 'b', 'c')\n")
    project.write("app/told_beside.py", "from narration_core import Narrator\nnarrate = Narrator('beside')\n")
    assert [point.actor for point in project.declared().points] == ["beside", "pack", "pack"]


def test_imports_in_a_circle_come_to_an_end(project):
    project.write(
        "app/a.py", "from app.b import narrate\nfrom app.b import *\nnarrate('a', 'b', 'c')\nx('a', 'b', 'c')\n"
    )
    project.write("app/b.py", "from app.a import narrate\nfrom app.a import *\nnarrate = narrate\n")
    assert project.declared().points == ()


def test_a_comment_with_a_reason_excludes_a_point(project):
    project.write(
        "app/a.py",
        """
        from narration_core import Narrator
        narrate = Narrator("a")
        narrate("a", "b", "c")  # narration: silent - told elsewhere
        # narration: silent - only on Windows
        narrate(
            "d", "e", "f",
        )
        narrate(
            "g", "h",  # narration: silent: nobody asks
            "i",
        )
        narrate("j", "k", "l")
        """,
    )
    found = project.declared()
    assert [(point.action, point.silent) for point in found.silent] == [
        ("a", "told elsewhere"),
        ("d", "only on Windows"),
        ("g", "nobody asks"),
    ]
    assert [(point.action, point.key) for point in found.points] == [("j", "app/a.py::<module>#4")]
    assert not found.findings


def test_a_comment_needs_a_reason_and_a_point(project):
    project.write(
        "app/a.py",
        """
        from narration_core import Narrator
        narrate = Narrator("a")
        narrate("a", "b", "c")  # narration: silent
        x = "# narration: silent - in a string"

        # narration: silent - at nothing
        y = 1
        """,
    )
    found = project.declared()
    assert [point.action for point in found.points] == ["a"]
    assert [(finding.rule, finding.place) for finding in found.findings] == [
        ("no-reason", "app/a.py:3"),
        ("stale-comment", "app/a.py:6"),
    ]


@pytest.mark.parametrize(
    ("data", "output"),
    [
        (b"def broken(:\n", "app/a.py:1: not valid Python"),
        (b"x = '\xff'\n", "app/a.py:1: "),
        (b"x = 1\0\n", "app/a.py:1: "),
    ],
)
def test_a_file_that_cannot_be_read_is_named(project, data, output):
    project.write("app/a.py", "")
    (project.root / "app/a.py").write_bytes(data)
    with pytest.raises(CoverageError, match=output):
        project.declared()


def test_a_file_in_another_encoding_is_read(project):
    project.write("app/a.py", "")
    text = "# coding: latin-1\nfrom narration_core import Narrator\nn = Narrator('a')\nn('ä', 'b', 'c')\n"
    (project.root / "app/a.py").write_bytes(text.encode("latin-1"))
    assert [point.action for point in project.declared().points] == ["ä"]


def test_code_that_nests_deep_is_read(project):
    sums = " + ".join("x" for _ in range(2500))
    chain = "".join(f"n{number + 1} = n{number}\n" for number in range(500))
    dots = ".a" * 900
    code = f"n0 = Narrator('a')\n{chain}x = 1\ny = {sums}\nz = x{dots}\nn1('a', 'b', 'c')\nn500('d', 'e', 'f')\n"
    project.write("app/generated.py", f"from narration_core import Narrator\n{code}")
    # A name that is handed on sixty times is too far; its event would be reported by the gate.
    assert [point.action for point in project.declared().points] == ["a"]


def test_one_comment_excludes_one_point(project):
    project.write(
        "app/a.py",
        """
        from narration_core import Narrator
        narrate = Narrator("a")
        narrate("a", "b", "C"); narrate("d", "e", "F")  # narration: silent - the first of its line
        # narration: silent - the comment above
        narrate("g", "h", "I"); narrate("j", "k", "L")  # narration: silent - the comment beside
        narrate(
            "m", "n", (lambda: narrate("o", "p", "Q"))() or  # narration: silent - the inner one
            "R",
        )
        """,
    )
    found = project.declared()
    assert [(point.action, point.silent) for point in found.silent] == [
        ("a", "the first of its line"),
        ("g", "the comment above"),
        ("j", "the comment beside"),
        ("o", "the inner one"),
    ]
    assert [point.action for point in found.points] == ["d", "m"]
