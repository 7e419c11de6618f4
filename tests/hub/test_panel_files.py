"""The panel's files: what a browser gets, and under which rules. tests/clients looks at it in a browser."""

import asyncio
import re

import pytest

from support.hub import hub

SCRIPTS = re.compile(r'from "\./(\w+\.js)"')


@pytest.mark.req("HUB-07")
def test_every_file_that_the_page_loads_is_there_without_a_token(root):
    async def main():
        async with hub(AUTH_TOKEN="operator-token-of-the-test") as one:
            wanted, seen = ["/"], set()
            while wanted:
                path = wanted.pop()
                seen.add(path)
                async with one.session.get(path) as response:
                    text = await response.text()
                    assert response.status == 200, path
                    policy = response.headers["Content-Security-Policy"]
                    assert "default-src 'none'" in policy
                    assert "unsafe" not in policy
                found = [f"/panel/{name}" for name in SCRIPTS.findall(text)] + re.findall(r'"(/panel/[\w.]+)"', text)
                wanted += [path for path in dict.fromkeys(found) if path not in seen]
            names = {path.name for path in (root / "hub/narration_hub/panel").iterdir()}
            assert {path.rpartition("/")[2] or "index.html" for path in seen} == names | {"vocabulary.json"}
            async with one.session.get("/v1/jobs") as response:  # and none of it was a failed try
                assert response.status == 401

    asyncio.run(asyncio.wait_for(main(), 60))


def test_the_page_writes_no_html_from_text(root):
    for path in (root / "hub/narration_hub/panel").glob("*.js"):
        code = path.read_text("utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", code), (
            path
        )
