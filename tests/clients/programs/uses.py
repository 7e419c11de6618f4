"""Use a worker through the client that openapi-python-client generated; print what was got as one line of JSON.

python uses.py URL TOKEN
"""

import json
import sys
from typing import Any

from worker_api import AuthenticatedClient, Client, models
from worker_api.api.default import cancel, execute, health

EVENTS: dict[str, Any] = {
    "started": models.Started,
    "narration": models.Narration,
    "token": models.Token,
    "metrics": models.Metrics,
    "end": models.End,
    "error": models.Error,
}


def events(stream: str) -> list[tuple[str, bool]]:
    """Return each event's name, and whether its generated type writes just what it read."""
    found = []
    for block in stream.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        data = json.loads(fields["data"])
        found.append((fields["event"], EVENTS[fields["event"]].from_dict(data).to_dict() == data))
    return found


def main(url: str, token: str) -> None:
    stranger, client = Client(base_url=url), AuthenticatedClient(base_url=url, token=token)
    seen: models.Health | None = health.sync(client=client)
    assert seen is not None
    unknown = cancel.sync_detailed(client=client, body=models.CancelRequest(job_id="nobody"))
    refused = cancel.sync_detailed(client=stranger, body=models.CancelRequest(job_id="nobody"))
    haiku = models.ExecuteRequest(prompt="Write a haiku about GPUs", job_id="one", temperature=0.0)
    # The generated function reads the whole answer as JSON; a stream is for its HTTP client itself.
    streamed = client.get_httpx_client().request(**execute._get_kwargs(body=haiku))
    whole = execute.sync(client=client, body=models.ExecuteRequest(prompt="a", max_tokens=1, stream=False))
    assert isinstance(whole, models.Completion)
    ended = cancel.sync(client=client, body=models.CancelRequest(job_id="one"))
    assert isinstance(unknown.parsed, models.Error)
    assert isinstance(refused.parsed, models.Error)
    assert isinstance(ended, models.CancelResult)
    known = {
        "health": [seen.status.value, seen.model],
        "unknown": [unknown.status_code.value, unknown.parsed.code, unknown.parsed.to_dict()],
        "refused": [refused.status_code.value, refused.parsed.code],
        "streamed": [streamed.status_code, events(streamed.content.decode())],
        "ended": ended.status.value,
    }
    sys.stdout.write(json.dumps(known) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
