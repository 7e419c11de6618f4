"""examples/services with the built wheel in a fresh environment: what a user has, and nothing of this checkout."""

import os
import shutil

import pytest

from support.servers import ask, redis_server
from support.services import EDGE, FOLDER, SECRET, RunningServices

# `celery[redis]` asks for kombu's extra of that name, which needs the last two.
BESIDE = ("fastapi", "uvicorn", "httpx", "aiohttp", "flask", "gunicorn", "requests", "celery", "redis", "packaging")


@pytest.mark.req("INT-01", "INT-02", "INT-03", "INT-04")
def test_the_services_run_with_the_wheel(environment_for, tmp_path):
    environment = environment_for(BESIDE)
    folder = tmp_path / "services"
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "PYTHON", "NARR"))}
    for broker in redis_server(tmp_path):
        services = RunningServices(broker, python=environment.python, folder=folder, environment=clean)
        try:
            services.start()
            for article, status, closer in (("book", 200, "tasks charge"), ("ghost", 502, "till answer")):
                answer = ask(services.gateway, f"/order/{article}?token={SECRET}", f"req-{article}", body=b"{}")
                assert answer == (status, f"req-{article}"), services.printed().decode()
                services.wait_for_story(f"req-{article}", "gateway answer", closer)
        finally:
            services.stop()
        files = services.write_logs(tmp_path)
        assert SECRET.encode() not in services.printed()
    story = environment.run(tmp_path, "narration", "story", "req-book", *files)
    assert story.returncode == 0, story.stderr
    for actor in ("gateway", "scheduler", "till", "prices", "tasks", "bank"):
        assert actor in story.stdout
    checked = environment.run(tmp_path, "narration", "links", "--edge", EDGE, *files)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    # Without the edge's name the same check finds the request that nobody called.
    checked = environment.run(tmp_path, "narration", "links", *files)
    assert checked.returncode == 1
    assert EDGE in checked.stdout + checked.stderr
