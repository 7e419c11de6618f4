"""docs/reference is as the code has it, and leaves nothing out."""

import re
from importlib.metadata import entry_points

import click
import pytest
import yaml

import narration_capture
import narration_core
from narration_core import Catalogue
from narration_hub.errors import CODES as HUB_CODES
from narration_worker.errors import CODES as WORKER_CODES
from tools.reference import api, commands, http
from tools.reference.__main__ import FOLDER, PAGES, pages, stale
from tools.reference.markdown import code, line, table


@pytest.fixture(scope="module")
def written():
    return pages()


def test_the_pages_are_current(written):
    assert stale(FOLDER, written) == []


def test_a_page_that_is_stale_missing_or_nobody_s_is_named(tmp_path):
    (tmp_path / "a.md").write_text("old")
    (tmp_path / "left.md").write_text("?")
    assert stale(tmp_path, {"a.md": "new", "b.md": "new"}) == [
        "docs/reference/a.md: stale; run `make reference`",
        "docs/reference/b.md: stale; run `make reference`",
        "docs/reference/left.md: nothing writes this page",
    ]


def test_every_page_is_in_the_navigation(root):
    loader = yaml.SafeLoader((root / "mkdocs.yml").read_text("utf-8"))
    reference = next(part["Reference"] for part in loader.get_single_data()["nav"] if "Reference" in part)
    assert {f"reference/{name}" for name in PAGES} <= {path for entry in reference for path in entry.values()}


@pytest.mark.parametrize(("page", "package"), [("core.md", narration_core), ("capture.md", narration_capture)])
def test_every_public_name_is_shown(written, page, package):
    shown = set(re.findall(r"^### `(\w+)`$", written[page], re.MULTILINE))
    assert set(package.__all__) <= shown


def test_every_public_module_of_the_library_is_shown_or_says_why_not(root):
    folder = root / "narration_core"
    modules = {path.relative_to(root).with_suffix("") for path in folder.rglob("*.py")}
    names = {".".join(path.parts).removesuffix(".__init__") for path in modules}
    public = {name for name in names if not re.search(r"\._", name)}
    explained = {name for name in public for known in api.NOT_SHOWN if name == known or name.startswith(f"{known}.")}
    shown = {name for found in api.MODULES.values() for name in found}
    assert public - shown - explained == set()
    assert set(api.NOT_SHOWN) <= public


def test_every_shown_name_says_what_it_is(written):
    silent = re.findall(r"^### `(\w+)`\n\n(?:`.+`\n\n)?(?=#)", written["core.md"], re.MULTILINE)
    assert silent == []


def test_every_command_says_its_exit_codes():
    said = {name for name, command in commands.commands() if commands.exit_codes(command)}
    by_group = said - {"narration"}  # what it says holds for the commands below it
    names = [name for name, _ in commands.commands()]
    assert [name for name in names if name not in said and name.rpartition(" ")[0] not in by_group] == []


def test_exit_codes_are_read_from_a_help():
    command = click.Command("c", help="Does it.\n\nExit codes: 0 done, also twice; 1 nothing\nfound, 3 some. More.")
    assert commands.exit_codes(command) == [("0", "done, also twice"), ("1", "nothing found"), ("3", "some")]


def test_every_command_and_option_is_shown(written):
    for name, command in commands.commands():
        section = written["commands.md"].partition(f"# {name}\n")[2].partition("\n## ")[0]
        options = [option for parameter in command.params for option in parameter.opts if option.startswith("-")]
        assert [option for option in options if f"`{option}`" not in section] == [], name


def test_every_sentence_of_every_catalogue_is_shown(written):
    catalogues = [found.load() for found in entry_points(group="narration.catalogues")]
    assert len(catalogues) >= 2
    for catalogue in catalogues:
        assert isinstance(catalogue, Catalogue)
        shown = {point.name: line(point.human).replace("|", "\\|") for point in catalogue}
        assert [name for name, human in shown.items() if f"| {human} |" not in written["sentences.md"]] == []


def test_the_fleet_and_the_library_say_what_their_source_says(written):
    for sentence in (
        "Lost {replica_id} before its answer was whole: {reason}",
        "Checked {target}: {verdict}",  # how a piece of work ends
        "Could not serve {request}: {error_kind}",
        "Lost {...} on the way to {sink}: its queue was full",
    ):
        assert f"| {sentence} |" in written["sentences.md"]


def test_every_error_code_is_shown(written):
    worker, hub = written["errors.md"].split("## hub")
    assert [name for name in WORKER_CODES if f"| `{name}` |" not in worker] == []
    assert [name for name in HUB_CODES if f"| `{name}` |" not in hub] == []


def test_every_type_that_a_route_names_is_described(written):
    described = set(re.findall(r"^#### (\w+) of the", written["http.md"], re.MULTILINE))
    used = set(re.findall(r"(\w+) as `application/json`", written["http.md"]))
    assert used - described == set()


@pytest.mark.parametrize(
    ("schema", "shown"),
    [
        ({"type": "integer", "minimum": 0, "maximum": 4096}, "integer at least 0, at most 4,096"),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, "string or null"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/Fault"}}, "list of Fault"),
        ({"enum": ["a", "b"]}, "`a`, `b`"),
        ({"type": "string", "pattern": "^a|b$"}, "string like `^a|b$`"),
    ],
)
def test_a_schema_in_words(schema, shown):
    assert http.shape(schema) == shown


def test_what_would_break_a_table_or_a_page_is_escaped():
    assert table(("a", "b"), [("x|y", line("see <token>\n`a<b`"))])[2] == "| x\\|y | see &lt;token> `a<b` |"
    assert code("a`b") == "`` a`b ``"
