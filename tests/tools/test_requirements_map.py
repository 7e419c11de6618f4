"""Which tests prove which requirement, and what is reported as wrong."""

from tools import requirements_map as mapping


def test_the_map_of_requirements_finds_proof_and_faults(tmp_path):
    (tmp_path / "features").mkdir()
    (tmp_path / "tests").mkdir()
    (tmp_path / "features/a.feature").write_text(
        "Feature: A\n  @ORCH-1 @slow\n  Scenario: B\n    Given c\n  @ORCH-9\n  Scenario: D\n    Given c\n", "utf-8"
    )
    (tmp_path / "tests/test_a.py").write_text(
        "import pytest\npytestmark = pytest.mark.req('ORCH-2')\n\n"
        "@pytest.mark.req('ORCH-3', 'ORCH-1')\ndef test_it_works(): ...\n",
        "utf-8",
    )
    proofs = [*mapping.of_features(tmp_path), *mapping.of_tests(tmp_path)]
    assert [(proof.id, proof.path, proof.line, proof.name) for proof in proofs] == [
        ("ORCH-1", "features/a.feature", 3, "B"),
        ("ORCH-9", "features/a.feature", 6, "D"),
        ("ORCH-2", "tests/test_a.py", 1, "all of test_a.py"),
        ("ORCH-3", "tests/test_a.py", 5, "it works"),
        ("ORCH-1", "tests/test_a.py", 5, "it works"),
    ]
    table = [
        mapping.Requirement("ORCH-1", "capture", "one"),
        mapping.Requirement("ORCH-2", "capture", "two"),
        mapping.Requirement("ORCH-3", "capture", "three"),
        mapping.Requirement("ORCH-4", "capture", "four"),
    ]
    assert mapping.faults(table, proofs) == [
        "features/a.feature:6: ORCH-9 is not a requirement",
        "docs/requirements.tsv: ORCH-4 (capture) has no proof: four",
    ]
    text = mapping.page(table, proofs)
    assert "3 of 4 requirements have a proof that runs without a GPU." in text


def test_what_runs_only_on_a_gpu_is_no_proof_here(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_gpu.py").write_text(
        "import pytest\npytestmark = [pytest.mark.gpu]\n@pytest.mark.req('ORCH-1', 'ORCH-2')\ndef test_it_fits(): ...\n"
    )
    (tmp_path / "tests/test_a.py").write_text(
        "import pytest\n@pytest.mark.gpu\n@pytest.mark.req('ORCH-1')\ndef test_big(): ...\n"
        "@pytest.mark.req('ORCH-2')\ndef test_small(): ...\n"
    )
    table = [mapping.Requirement("ORCH-1", "worker", "one"), mapping.Requirement("ORCH-2", "worker", "two")]
    text = mapping.page(table, list(mapping.of_tests(tmp_path)))
    assert "1 of 2 requirements have a proof that runs without a GPU." in text
    assert "1 have only proofs that were not run here" in text
    only, both = text.splitlines()[-2:]
    assert only.startswith("| ORCH-1 | worker | one | not run: needs a GPU: [")
    assert both.startswith("| ORCH-2 | worker | two | [small](../tests/test_a.py)<br>not run: needs a GPU: [it fits]")
