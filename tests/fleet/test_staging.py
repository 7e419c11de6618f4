"""The catalogue, and staging: a model is there whole and checked, or not at all."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fleet
from fleet.catalogue import BadModelError, Catalogue, CatalogueError, UnknownModelError
from fleet.staging import remove_unfinished, sha256_of, stage, write_whole
from narration_worker.config import BUNDLED


def catalogue_of(tmp_path, **models):
    entries = [{"model_ref": ref, "path": str(path), "sha256": sha256} for ref, (path, sha256) in models.items()]
    path = tmp_path / "catalogue.json"
    path.write_text(json.dumps({"models": entries}))
    return Catalogue(path)


def everything_in(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_the_bundled_model_is_in_the_catalogue_with_what_it_needs():
    catalogue = Catalogue()
    assert catalogue.exists("haiku")
    assert catalogue.locate("haiku") == BUNDLED
    model = catalogue.model("haiku")
    assert model.sha256 == sha256_of(BUNDLED)
    assert (model.requirements.quantisation, model.requirements.context_tokens) == ("Q8_0", 2048)
    assert model.requirements.memory_bytes > BUNDLED.stat().st_size


def test_a_model_that_is_not_in_the_catalogue():
    catalogue = Catalogue()
    assert not catalogue.exists("opera")
    with pytest.raises(UnknownModelError, match="no model 'opera' is in the catalogue"):
        catalogue.locate("opera")


@pytest.mark.parametrize("wrong", [{"sha256": "c44e"}, {"model_ref": "../../etc"}, {"path": ""}, {"size": 7}])
def test_a_catalogue_with_a_wrong_entry_is_refused(tmp_path, wrong):
    entry = {"model_ref": "haiku", "path": "bundled", "sha256": "0" * 64, **wrong}
    path = tmp_path / "catalogue.json"
    path.write_text(json.dumps({"models": [entry]}))
    with pytest.raises(CatalogueError, match="is not a catalogue"):
        Catalogue(path)


def test_a_model_is_staged_once_under_the_digest_that_it_was_checked_against(tmp_path):
    catalogue = Catalogue()
    first = stage(catalogue.entry("haiku"), catalogue.locate("haiku"), tmp_path)
    written = Path(first.path).stat().st_mtime_ns
    assert sha256_of(tmp_path / first.path) == first.sha256 == catalogue.entry("haiku").sha256
    assert stage(catalogue.entry("haiku"), catalogue.locate("haiku"), tmp_path) == first
    assert Path(first.path).stat().st_mtime_ns == written


def test_a_file_with_another_content_than_the_catalogue_says_is_not_staged(tmp_path):
    catalogue = catalogue_of(tmp_path, haiku=(BUNDLED, "0" * 64))
    with pytest.raises(BadModelError, match="begins with c44e84c2ce13, the catalogue's with 0000") as raised:
        stage(catalogue.entry("haiku"), catalogue.locate("haiku"), tmp_path / "staged")
    assert raised.value.code == "SHA256_MISMATCH"
    assert everything_in(tmp_path / "staged") == []


def test_a_file_that_is_no_model_is_not_staged_although_its_digest_is_right(tmp_path):
    page = tmp_path / "page.gguf"
    page.write_bytes(b"<html>404 Not Found</html>")
    catalogue = catalogue_of(tmp_path, page=(page, sha256_of(page)))
    with pytest.raises(BadModelError, match="a web page, perhaps of a failed download") as raised:
        stage(catalogue.entry("page"), catalogue.locate("page"), tmp_path / "staged")
    assert raised.value.code == "MODEL_INVALID"
    assert everything_in(tmp_path / "staged") == []


@given(cut=st.integers(0, BUNDLED.stat().st_size - 1))
def test_a_model_that_was_cut_short_is_never_staged(tmp_path_factory, cut):
    folder = tmp_path_factory.mktemp("cut")
    path = folder / "cut.gguf"
    path.write_bytes(BUNDLED.read_bytes()[:cut])
    catalogue = catalogue_of(folder, cut=(path, sha256_of(BUNDLED)))
    with pytest.raises(BadModelError):
        stage(catalogue.entry("cut"), path, folder / "staged")
    assert everything_in(folder / "staged") == []


def test_a_staged_file_of_the_wrong_size_is_staged_again(tmp_path):
    catalogue = Catalogue()
    staged = tmp_path / stage(catalogue.entry("haiku"), catalogue.locate("haiku"), tmp_path).path
    staged.write_bytes(b"GGUF")
    stage(catalogue.entry("haiku"), catalogue.locate("haiku"), tmp_path)
    assert sha256_of(staged) == catalogue.entry("haiku").sha256


def test_what_a_check_raises_keeps_the_old_file(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def refuse(_):
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_whole(path, [b"new"], refuse)
    assert everything_in(tmp_path) == [path]
    assert path.read_bytes() == b"old"


@pytest.mark.fault
def test_a_copy_that_is_killed_in_the_middle_is_never_found_and_is_cleared_away(tmp_path):
    program = """
import signal, sys
from pathlib import Path
from fleet.staging import write_whole
def blocks():
    yield b"half of it"
    print("half", flush=True)
    signal.pause()
write_whole(Path(sys.argv[1]), blocks())
"""
    path = tmp_path / "deep" / "model.gguf"
    found_at = {**os.environ, "PYTHONPATH": str(Path(fleet.__file__).parents[1])}
    with subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, env=found_at) as process:
        assert process.stdout.readline() == b"half\n"
        process.send_signal(signal.SIGKILL)
    assert not path.exists()
    assert remove_unfinished(tmp_path) == 1
    assert everything_in(tmp_path) == []
