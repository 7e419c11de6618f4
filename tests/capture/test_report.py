"""The messages are what Cucumber's own tools expect: its schema takes each, its formatter makes a page of them."""

import json
import re
import shutil
import subprocess

import pytest

PACKAGES = ("@cucumber/html-formatter@24", "@cucumber/messages@34", "ajv@8", "ajv-formats@3")

VALIDATE = """
import Ajv from 'ajv/dist/2020.js'
import formats from 'ajv-formats'
import { readFileSync } from 'node:fs'
const ajv = new Ajv({ strict: false, allErrors: true })
formats.default(ajv)
const check = ajv.compile(JSON.parse(readFileSync('node_modules/@cucumber/messages/messages.schema.json', 'utf-8')))
for (const line of readFileSync(0, 'utf-8').trim().split('\\n')) {
  if (!check(JSON.parse(line))) {
    console.log(line, check.errors)
    process.exitCode = 1
  }
}
"""

FEATURE = """
Feature: Pools
  The page must survive a </script> in what it shows.

  Background:
    Given a pool

  Rule: Engines
    @slow
    Scenario Outline: <engine> is spawned
      When the pool manager spawns <engine>
      Then the narration includes "Spawning engine <engine>"
      And "pool-managerd" narrates "spawn" with:
        | engine | <engine> |
      Examples:
        | engine |
        | llama  |
        | qwen   |

  Scenario: It goes wrong
    When the pool manager spawns qwen
    Then the narration includes "Stopping"
    And the narration tells no secret
"""


@pytest.fixture(scope="module")
def node(tmp_path_factory):
    """A folder with Cucumber's own packages in it."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed: Cucumber's own tools cannot be asked")
    folder = tmp_path_factory.mktemp("node")
    npm = ["npm", "install", "--no-audit", "--no-fund", "--fetch-retries=0", "--fetch-timeout=20000", *PACKAGES]
    done = subprocess.run(npm, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"npm cannot install Cucumber's packages here: {done.stderr.strip()[-200:]}")
    return folder


@pytest.fixture
def messages(project):
    """The messages of a run with a rule, an outline, tables, a failure and a skipped step."""
    project.steps()
    project.write(
        "pyproject.toml", (project.path / "pyproject.toml").read_text("utf-8") + 'markers = ["slow: takes long"]\n'
    )
    project.feature(FEATURE)
    project.run("--narration-messages", "messages.ndjson", "--snapshot-update").assert_outcomes(passed=2, failed=1)
    return (project.path / "messages.ndjson").read_text("utf-8")


def run(node, name, script, messages):
    (node / name).write_text(script, "utf-8")
    return subprocess.run(["node", name], cwd=node, input=messages, capture_output=True, text=True, check=False)


def test_the_schema_takes_every_message(node, messages):
    done = run(node, "validate.mjs", VALIDATE, messages)
    assert done.returncode == 0, done.stdout + done.stderr
    broken = messages.replace('"status": "FAILED"', '"status": "BROKEN"')
    assert run(node, "validate.mjs", VALIDATE, broken).returncode == 1


def test_the_recipe_of_the_page_makes_the_standard_report(node, messages, root):
    page = (root / "docs/capture.md").read_text("utf-8")
    (recipe,) = re.findall(r"```js\n// report\.mjs.*?\n(.*?)```", page, re.DOTALL)
    done = run(node, "report.mjs", recipe, messages)
    assert done.returncode == 0, done.stderr
    (data,) = re.findall(r"CUCUMBER_MESSAGES = (\[.*?\]);?\s*</script>", done.stdout, re.DOTALL)
    shown = json.loads(data.replace(r"\x3C", "<"))
    bodies = [one["attachment"]["body"] for one in shown if "attachment" in one]
    assert [line.split(": ")[1] for line in bodies[:2]] == ["Spawning engine llama", "Spawning engine qwen"]
    outcomes = [one["testStepFinished"]["testStepResult"]["status"] for one in shown if "testStepFinished" in one]
    assert outcomes.count("FAILED") == 1
    assert outcomes[-1] == "SKIPPED"


def test_messages_that_cannot_be_written_fail_the_run_and_no_test(pools):
    result = pools.run("--narration-messages=pyproject.toml/messages.ndjson")
    result.assert_outcomes(passed=1)
    assert result.ret == 1
    result.stdout.fnmatch_lines(["--narration-messages: *pyproject.toml* cannot be written: *"])
