"""Every way to call a narrator is a declared point, or is reported; none is left out in silence."""

import re

import pytest

pytestmark = pytest.mark.req("COV-01")

# Each way is one module. A line that narrates has its sentence in it: "Hole". Lines without it only prepare.
WAYS = """
# an untyped parameter
def f(narrate): narrate("a", "t", "Hole")
# an untyped parameter of any name
def f(say): say("a", "t", "Hole")
# an untyped keyword parameter
def f(*, say): say("a", "t", "Hole")
# a parameter with a default of None
def f(say=None): say("a", "t", "Hole")
# a parameter typed as Any
from typing import Any
def f(say: Any): say("a", "t", "Hole")
# a parameter typed as a Callable
from collections.abc import Callable
def f(say: Callable[..., None]): say("a", "t", "Hole")
# a parameter typed as object
def f(say: object): say("a", "t", "Hole")
# a parameter typed by a Protocol
from typing import Protocol
class Says(Protocol):
    def __call__(self, action: str, target: str, human: str) -> None: ...
def f(say: Says): say("a", "t", "Hole")
# a parameter typed by a TypeVar
from typing import TypeVar
T = TypeVar("T")
def f(say: T): say("a", "t", "Hole")
# a level of an untyped parameter
def f(x): x.warn("a", "t", "Hole")
# a span of an untyped parameter
def f(x):
    with x.span("a", "t", "Hole"): pass
# all by name
def f(say): say(action="a", target="t", human="Hole")
# with fields
def f(say): say("a", "t", "Hole", job_id="j", device="GPU0")
# an f-string for a sentence
def f(say, x): say("a", "t", f"Hole {x}")
# variables for all texts, under a telling name
def f(self, a, t, h): self.narrate(a, t, h)  # "Hole"
# variables for all texts, at a level
def f(app, a, t, h): app.narrator.error(a, t, h)  # "Hole"
# constructor injection
class C:
    def __init__(self, narrate): self.narrate = narrate
    def go(self): self.narrate("a", "t", "Hole")
# constructor injection under another name
class C:
    def __init__(self, out): self._out = out
    def go(self): self._out("a", "t", "Hole")
# constructor injection, used at a level
class C:
    def __init__(self, out): self._out = out
    def go(self): self._out.info("a", "t", "Hole")
# an attribute that a mixin expects
class Mixin:
    def go(self): self.out("a", "t", "Hole")
# an attribute of a dataclass without a type
from dataclasses import dataclass
@dataclass
class C:
    out: object = None
    def go(self): self.out("a", "t", "Hole")
# a typed attribute of a dataclass
from dataclasses import dataclass
@dataclass
class C:
    out: Narrator
    def go(self): self.out("a", "t", "Hole")
# a field of a named tuple
from typing import NamedTuple
class C(NamedTuple):
    out: Narrator
def f(c: C): c.out("a", "t", "Hole")
# an entry of a typed dictionary class
from typing import TypedDict
class C(TypedDict):
    out: Narrator
def f(c: C): c["out"]("a", "t", "Hole")
# a class attribute set later
class C: pass
C.out = narrate
def f(): C.out("a", "t", "Hole")
# an attribute set by setattr
def f(app):
    setattr(app, "out", narrate)
    app.out("a", "t", "Hole")
# an attribute of a foreign object
def f(request): request.app["out"]("a", "t", "Hole")
# an attribute of a foreign object, by attributes
def f(request): request.app.state.out("a", "t", "Hole")
# a cached property
import functools
class C:
    @functools.cached_property
    def out(self): return Narrator("svc")
    def go(self): self.out("a", "t", "Hole")
# a property without a type
class C:
    @property
    def out(self): return narrate
    def go(self): self.out("a", "t", "Hole")
# a descriptor
class D:
    def __get__(self, obj, owner): return narrate
class C:
    out = D()
    def go(self): self.out("a", "t", "Hole")
# __getattr__
class C:
    def __getattr__(self, name): return getattr(narrate, name)
def f(): C().info("a", "t", "Hole")
# a factory without a type
def make(): return Narrator("svc")
def f(): make()("a", "t", "Hole")
# a factory without a type, kept
def make(): return Narrator("svc")
out = make()
def f(): out("a", "t", "Hole")
# a factory of a factory
def make():
    def inner(): return narrate
    return inner
def f(): make()()("a", "t", "Hole")
# a factory with branches
def make(x):
    if x: return None
    return narrate
def f(): make(0)("a", "t", "Hole")
# a static factory
class C:
    @staticmethod
    def make(): return narrate
def f(): C.make()("a", "t", "Hole")
# a class factory
class C:
    @classmethod
    def make(cls): return narrate
def f(): C.make().debug("a", "t", "Hole")
# an asynchronous factory
async def make(): return narrate
async def f(): (await make())("a", "t", "Hole")
# a generator
def make(): yield narrate
def f():
    for out in make(): out("a", "t", "Hole")
# a context manager
import contextlib
@contextlib.contextmanager
def scope(): yield narrate
def f():
    with scope() as out: out("a", "t", "Hole")
# an exit stack
import contextlib
@contextlib.contextmanager
def scope(): yield narrate
def f():
    with contextlib.ExitStack() as stack:
        out = stack.enter_context(scope()); out("a", "t", "Hole")
# a lambda that gives it
def f(): (lambda: narrate)()("a", "t", "Hole")
# a lambda that takes it
def f(): (lambda out: out("a", "t", "Hole"))(narrate)
# a lambda with a default
f = lambda out=narrate: out("a", "t", "Hole")
# a function that takes it, untyped
def run(out, *args): out("a", "t", "Hole")
run(narrate)
# a function that takes it by stars
def run(out, *args): out(*args)
def f(): run(narrate, "a", "t", "Hole")
# a method that takes it
class C:
    def run(self, out): out("a", "t", "Hole")
C().run(narrate)
# functions one behind the other
def one(x): two(x)
def two(y): three(y)
def three(z): z("a", "t", "Hole")
one(narrate)
# extra positional arguments
def run(*outs):
    for out in outs: out("a", "t", "Hole")
run(narrate)
# extra named arguments
def run(**outs): outs["x"]("a", "t", "Hole")
run(x=narrate)
# a list with a type
def f(outs: list[Narrator]):
    for out in outs: out("a", "t", "Hole")
# a list without a type
outs = [narrate]
def f():
    for out in outs: out("a", "t", "Hole")
# a list, by index
outs = [narrate]
def f(): outs[0]("a", "t", "Hole")
# a list that grew
outs = []
outs.append(narrate)
def f(): outs[0]("a", "t", "Hole")
# an untyped list
def f(outs):
    for out in outs: out("a", "t", "Hole")
# a dictionary with a type
def f(outs: dict[str, Narrator]): outs["a"]("a", "t", "Hole")
# a dictionary, by its get
def f(outs: dict[str, Narrator]): outs.get("a")("a", "t", "Hole")
# a dictionary's values
def f(outs: dict[str, Narrator]):
    for out in outs.values(): out("a", "t", "Hole")
# a dictionary's items
def f(outs: dict[str, Narrator]):
    for _, out in outs.items(): out("a", "t", "Hole")
# a dictionary that was filled
outs = {}
outs["x"] = narrate
def f(): outs["x"]("a", "t", "Hole")
# a table of functions
def f(x): {"x": narrate, "y": print}[x]("a", "t", "Hole")
# a tuple with a type
def pair() -> tuple[Narrator, str]: return narrate, "x"
def f():
    out, _ = pair(); out("a", "t", "Hole")
# a tuple without a type
def pair(): return 1, narrate
def f():
    _, out = pair(); out("a", "t", "Hole")
# a starred assignment
def f():
    out, *rest = [narrate, 1]
    out("a", "t", "Hole")
# a comprehension
def f(): [out("a", "t", "Hole") for out in (narrate, narrate)]
# the first of an iterator
def f(): next(iter([narrate]))("a", "t", "Hole")
# a conditional expression
def f(x): (narrate if x else print)("a", "t", "Hole")
# a fallback
def f(x=None): (x or narrate)("a", "t", "Hole")
# a walrus
def f(x):
    if (out := x): out("a", "t", "Hole")
# a match
def f(x):
    match x:
        case {"out": out}: out("a", "t", "Hole")
# a global
out = None
def setup():
    global out
    out = narrate
def f(): out("a", "t", "Hole")
# a generic class
from typing import Generic, TypeVar
T = TypeVar("T")
class Box(Generic[T]):
    def __init__(self, x: T): self.x = x
    def get(self) -> T: return self.x
def f(box: Box[Narrator]): box.get()("a", "t", "Hole")
# a type alias
Out = Narrator
def f(out: Out): out("a", "t", "Hole")
# an annotated parameter
from typing import Annotated
def f(out: Annotated[Narrator, "injected"]): out("a", "t", "Hole")
# a new type
from typing import NewType
Out = NewType("Out", Narrator)
def f(out: Out): out("a", "t", "Hole")
# a subclass
class Mine(Narrator): pass
mine = Mine("svc")
def f(): mine("a", "t", "Hole")
# a subclass that narrates itself
class Mine(Narrator):
    def go(self): self.info("a", "t", "Hole")
# a subclass and super
class Mine(Narrator):
    def go(self): super().info("a", "t", "Hole")
# a wrapper class that delegates
class Wrapper:
    def __init__(self, inner): self.inner = inner
    def __call__(self, *args): self.inner(*args)  # "Hole"
def f(): Wrapper(narrate)("a", "t", "hole")
# a wrapper that passes its parameters on
def log(action, target, human, **fields): narrate(action, target, human, **fields)  # "Hole"
def f(): log("a", "t", "hole")
# a wrapper that passes stars on
def log(*args, **fields): narrate(*args, **fields)  # "Hole"
def f(): log("a", "t", "hole")
# a wrapper at a level
def log(text): narrate.warn("a", "t", text)  # "Hole"
def f(): log("hole")
# a context variable with a type
from contextvars import ContextVar
cv: ContextVar[Narrator] = ContextVar("cv")
def f(): cv.get()("a", "t", "Hole")
# a context variable without a type
from contextvars import ContextVar
cv = ContextVar("cv")
def f(): cv.get()("a", "t", "Hole")
# a thread-local
import threading
local = threading.local()
def f():
    local.out = narrate
    local.out("a", "t", "Hole")
# a level by its name
def f(level): getattr(narrate, level)("a", "t", "Hole")
# a level by its name, as a constant
def f(): getattr(narrate, "warn")("a", "t", "Hole")
# a dictionary of levels
def f(level): {"w": narrate.warn}[level]("a", "t", "Hole")
# globals
def f(): globals()["narrate"]("a", "t", "Hole")
# vars of a module
import app.main
def f(): vars(app.main)["narrate"]("a", "t", "Hole")
# a module by its name
import importlib
def f(): importlib.import_module("app.main").narrate("a", "t", "Hole")
# sys.modules
import sys
def f(): sys.modules["app.main"].narrate("a", "t", "Hole")
# an import in a function
def f():
    from app.main import narrate as out
    out("a", "t", "Hole")
# a star import
from app.main import *
def f(): narrate("a", "t", "Hole")
# dunder call
def f(): narrate.__call__("a", "t", "Hole")
# a level as a function of the class
def f(): Narrator.__call__(narrate, "a", "t", "Hole")
# an event loop
def f(loop): loop.call_soon(narrate, "a", "t", "Hole")
# an event loop, later
def f(loop): loop.call_later(1, narrate.warn, "a", "t", "Hole")
# an executor
def f(pool): pool.submit(narrate, "a", "t", "Hole")
# a running loop's executor
def f(loop): loop.run_in_executor(None, narrate, "a", "t", "Hole")
# asyncio.to_thread
import asyncio
async def f(): await asyncio.to_thread(narrate, "a", "t", "Hole")
# a thread
import threading
def f(): threading.Thread(target=narrate, args=("a", "t", "Hole")).start()
# a timer
import threading
def f(): threading.Timer(1, narrate, ("a", "t", "Hole")).start()
# a process
import multiprocessing
def f(): multiprocessing.Process(target=narrate, args=("a", "t", "Hole")).start()
# atexit
import atexit
atexit.register(narrate, "a", "t", "Hole")
# a finalizer
import weakref
def f(x): weakref.finalize(x, narrate, "a", "t", "Hole")
# an exit stack's callback
import contextlib
def f(stack: contextlib.ExitStack): stack.callback(narrate, "a", "t", "Hole")
# a context's run
import contextvars
def f(): contextvars.copy_context().run(narrate, "a", "t", "Hole")
# a scheduler
import sched
def f(s: sched.scheduler): s.enter(1, 1, narrate, ("a", "t", "Hole"))
# partial
import functools
def f(): return functools.partial(narrate, "a", "t", "Hole")
# partial, called
import functools
def f(): functools.partial(narrate, "a")("t", "Hole")
# methodcaller
import operator
def f(): operator.methodcaller("info", "a", "t", "Hole")(narrate)
# attrgetter
import operator
def f(): operator.attrgetter("info")(narrate)("a", "t", "Hole")
# map
def f(): list(map(narrate, ["a"], ["t"], ["Hole"]))
# starmap
import itertools
def f(): list(itertools.starmap(narrate, [("a", "t", "Hole")]))
# a list of lambdas
def f(): list(map(lambda _: narrate, [1]))[0]("a", "t", "Hole")
# a sentence under a name
def f(say):
    text = "Missing"
    say("a", "t", text)  # "Hole"
# a sentence of the module
TEXT = "Missing"
def f(say): say("a", "t", TEXT)  # "Hole"
# a sentence put together
def f(say, x): say("a", x, "Hole " + x)
# a sentence formatted
def f(say, x): say("a", x, "Hole {}".format(x))
# a sentence with percent
def f(say, x): say("a", x, "Hole %s" % x)
# a sentence translated
def f(say, _): say("a", "t", _("Hole"))
# one of two sentences
def f(say, x): say("a", "t", "Hole" if x else "Another")
# some by name
def f(say): say("a", human="Hole", target="t")
# all in a dictionary
def f(say): say(**{"action": "a", "target": "t", "human": "Hole"})
# a queue
import queue
def f(q: queue.Queue): q.get()("a", "t", "Hole")
# a queue, kept
import queue
def f(q: queue.Queue):
    out = q.get(); out("a", "t", "Hole")
# a future
from concurrent.futures import Future
def f(future: Future): future.result()("a", "t", "Hole")
# an enumeration
import enum, functools
class Out(enum.Enum):
    LOG = functools.partial(Narrator("svc"))
def f(): Out.LOG.value("a", "t", "Hole")
# a cast
from typing import Any, cast
def f(): cast(Any, narrate)("a", "t", "Hole")
# eval
def f(): eval("narrate")("a", "t", "Hole")
# exec
def f(): exec('narrate("a", "t", "Hole")')
# a weak reference
import weakref
ref = weakref.ref(narrate)
def f(): ref()("a", "t", "Hole")
# a namespace
import types
ns = types.SimpleNamespace(out=narrate)
def f(): ns.out("a", "t", "Hole")
# a queue
import queue
q = queue.Queue()
q.put(narrate)
def f(): q.get()("a", "t", "Hole")
# a decorator of an untyped narrator
def f(app):
    @app.narrate.traced  # "Hole"
    def g(): pass
# an untyped catalogue
def f(points): return points.point("name", "a", "t", "Hole")
# an unknown thing handed to a thread
import threading
def f(out): threading.Thread(target=out, args=("a", "t", "Hole")).start()
# an unknown thing handed to a pool
def f(pool, out): pool.submit(out, "a", "t", "Hole")
# a nonlocal
def f():
    out = None
    def setup():
        nonlocal out
        out = narrate
    def go(): out("a", "t", "Hole")
# a chain of calls on an unknown
def f(container): container.resolve("narrate").child("x")("a", "t", "Hole")
# an unbound name, injected by a plug-in
def f(): injected("a", "t", "Hole")
"""
PREAMBLES = {
    "of the sources": "from narration_core import Narrator\nfrom app.main import narrate\n",
    "of a library": "from narration_core import Narrator\nfrom common.narrators import narrate\n",
}


def read_ways() -> dict[str, str]:
    parts = re.split(r"^# (.*)\n", WAYS.strip() + "\n", flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


CODES = read_ways()


def silent_lines(project, code):
    """Return the lines of a module that narrate and are neither points nor reported."""
    project.write("app/__init__.py", "")
    project.write("app/main.py", "from narration_core import Narrator\nnarrate = Narrator('main')\n")
    path = project.write("app/way.py", "")
    path.write_text(code, "utf-8")
    found = project.declared()
    seen = {point.line for point in found.points if point.path == "app/way.py"}
    seen |= {int(finding.place.rpartition(":")[2]) for finding in found.findings if finding.rule == "cannot-tell"}
    return [line for number, line in enumerate(code.splitlines(), 1) if "Hole" in line and number not in seen]


def test_the_list_is_long():
    assert len(CODES) >= 100


def test_a_wrapper_around_an_unknown_narrator_is_reported_where_it_is_called(project):
    code = """
class Wrapper:
    def __init__(self, inner): self.inner = inner
    def __call__(self, *args): self.inner(*args)
def log(inner, *args): inner(*args)
def f(x):
    Wrapper(x)("a", "t", "Hole")
    log(x, "a", "t", "Hole")
"""
    assert silent_lines(project, code) == []


@pytest.mark.parametrize("origin", PREAMBLES)
@pytest.mark.parametrize("way", CODES)
def test_no_way_to_narrate_is_silent(project, way, origin):
    if (way, origin) == ("a wrapper class that delegates", "of a library"):
        return  # see above: what is in the wrapper is unknown, and its calls are reported
    assert silent_lines(project, PREAMBLES[origin] + CODES[way]) == []


SETTLED = """
from common.narrators import narrate as theirs
say: Narrator = theirs
class C:
    def __init__(self, out: Narrator): self.out = out
    def go(self): self.out("a", "t", "Hole")
def f(x: Narrator): x("a", "t", "Hole"); say("a", "t", "Hole")
def g(request):
    mine: Narrator = request.app["narrate"]
    mine("a", "t", "Hole")
"""


def test_an_annotation_settles_it(project):
    code = PREAMBLES["of the sources"] + SETTLED
    assert silent_lines(project, code) == []
    found = project.declared()
    assert not found.findings
    assert len(found.points) == 4


def test_a_comment_settles_it_and_is_listed(project):
    code = 'def f(say): say("a", "t", "Hole")  # narration: silent - it paints a hole\n'
    silent_lines(project, code)
    found = project.declared()
    assert not found.findings
    assert [(point.key, point.silent) for point in found.silent] == [("app/way.py::f?#1", "it paints a hole")]


def test_what_is_reported_says_which_annotation_settles_it(project):
    silent_lines(project, 'def f(say): say("a", "t", "Hole")\n')
    (finding,) = project.declared().findings
    assert (finding.rule, finding.place) == ("cannot-tell", "app/way.py:1")
    assert finding.what == "cannot tell whether `say(...)` narrates"
    assert finding.why.startswith("annotate `say` with `Narrator` where it gets its value")


@pytest.mark.parametrize(
    ("before", "called"),
    [
        ("from lib import shared", "shared"),
        ("from lib import get_narrator", "get_narrator('svc')"),
        ("from lib import request", "request.app['out']"),
        ("from lib import request", "request.app.state.out"),
    ],
)
def test_what_cannot_be_annotated_gets_a_name_that_has_the_type(project, before, called):
    first = f"from narration_core import Narrator\n{before}\ndef f():\n"
    silent_lines(project, f'{first}    {called}("a", "t", "Hole")\n')
    (finding,) = project.declared().findings
    advice = f"narrate: Narrator = {called}"
    assert finding.why.startswith(f"give it a name that has the type, and call that: `{advice}`; ")
    silent_lines(project, f'{first}    {advice}\n    narrate("a", "t", "Hole")\n')
    found = project.declared()
    assert not found.findings
    assert len(found.points) == 1


ORDINARY = """
import logging, re, subprocess, threading
from dataclasses import dataclass, field
import click
from fastapi import FastAPI
from sqlalchemy import Column, String
from narration_core import Narrator, bind, configure, capture_process
from narration_core.bridges.asgi import NarrationMiddleware
log = logging.getLogger("x")
narrate = Narrator("svc")
@dataclass
class Order:
    name: str
    say: Narrator
    items: list[str] = field(default_factory=list)
def make(name, kind, text): return name
class Store:
    def put(self, key, value, note): self.note = note
@click.command()
@click.option("--root", "root", help="The folder.")
def command(root, session, cache, text: str, store: Store):
    log.info("found %s in %s", root, session)
    re.sub("a", "b", "Some text"); text.replace("a", "b"); "x".join(["a", "b", "C d"])
    subprocess.run(["git", "log", "Hello there"], check=True)
    make("name", "kind", "Some text"); store.put("key", "value", "A note"); Store().put("key", "v", "A note")
    session.execute("select 1"); cache.set("key", "value", 3); session.add(Order("a", narrate))
    order = Order(name="x", say=narrate); order.say("a", "t", "Hole")
    isinstance(narrate, Narrator); print(narrate); bind(job_id="j"); configure(level="info")
    threading.Thread(target=make, args=("a", "b", "C d")).start()
    threading.Thread(target=lambda: narrate("a", "t", "Hole")).start()
    session.query(Column("a", String)).filter(lambda row: row.x == "Some text")
    wrapped = session.wrap(command); wrapped(*[root], **{})
    session.get("https://example.org", "x", timeout=3); session.info; session.close()
    with narrate.span("a", "t", "Hole") as span: span.note(job_id="x")
    app = FastAPI(); app.add_middleware(NarrationMiddleware, narrate=narrate)
    names = [order.name for order in session.orders]; names.sort(key=lambda name: name.lower())
def decorated(function):
    def inner(*args, **kwargs): return function(*args, **kwargs)
    return inner
"""


def test_a_type_that_is_named_like_its_attribute_is_followed_to_an_end(project):
    code = """
import os
class C:
    def __init__(self, thing: os.thing | None): self.thing = thing
    def go(self, other: os.thing | None): other.thing("a", "t", "Hole")
"""
    assert silent_lines(project, code) == []


def test_ordinary_calls_are_not_reported(project):
    assert silent_lines(project, ORDINARY) == []
    assert not project.declared().findings


def test_a_level_that_only_the_run_knows_is_not_taken_for_info(project):
    silent_lines(project, PREAMBLES["of the sources"] + 'def f(level): getattr(narrate, level)("a", "t", "Hole")\n')
    assert [(point.action, point.level) for point in project.declared().points] == [("a", None)]
