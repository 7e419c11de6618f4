"""The programs of docs/integrations.md run as they are printed."""

import json
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "integrations.md").read_text("utf-8")
PROGRAMS = {
    " ".join(re.findall(r"^#{2,3} (.*)$", PAGE[: found.start()], re.MULTILINE)[-1:])
    + f" {PAGE[: found.start()].count('```python')}": found[1]
    for found in re.finditer(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
}

# What asks a server for one page, by a word of the program.
ASKED = {
    "import FastAPI": "from starlette.testclient import TestClient; assert TestClient(app).get('/order/7').json()",
    "import Flask": "assert app.test_client().get('/price', buffered=True).text == '7'",
    "import web": """
import asyncio
from aiohttp.test_utils import TestClient, TestServer
async def ask():
    async with TestClient(TestServer(app)) as client:
        assert (await client.get("/plan")).status == 200
asyncio.run(ask())
""",
}


TOLD = {"uvicorn": 0}  # the program only makes a configuration


class Answering(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def url():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_program_runs_and_narrates(name, url, tmp_path):
    program = f"URL, REDIS = {url!r}, object()\n{PROGRAMS[name]}\n"
    program += "\n".join(ask for word, ask in ASKED.items() if word in program)
    env = {**os.environ, "NARRATION_STRICT": "1"}
    path = tmp_path / "program.py"  # process pools import it again
    path.write_text(program, "utf-8")
    done = subprocess.run([sys.executable, path], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert len({event.get("correlation_id") for event in told}) <= 1
    assert len(told) >= TOLD.get(name.rpartition(" ")[0], 2)
