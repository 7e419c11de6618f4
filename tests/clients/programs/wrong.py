"""What the types of the generated client must refuse: each line that names a kind of error must fail with just that."""

from worker_api import AuthenticatedClient, models
from worker_api.api.default import cancel

client = AuthenticatedClient(base_url="http://127.0.0.1:8080", token="made-up")
cancel.sync(client=client, body=models.CancelRequest())  # call-arg
models.ExecuteRequest(prompt="a", max_tokens="many")  # arg-type
models.ExecuteRequest(prompt="a", colour="red")  # call-arg
text = models.Token(t="a", i=1).text  # attr-defined
