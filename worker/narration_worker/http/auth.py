"""Authentication: one static bearer token, compared in constant time."""

from collections.abc import Mapping

from narration_core.serving.auth import LOCALHOST, bearer, identity_of, is_local, same_token
from narration_worker.config import Settings
from narration_worker.errors import WorkerError


def authenticate(settings: Settings, headers: Mapping[str, str], remote: str | None) -> str:
    """Return the caller's identity.

    Args:
        settings: the token and who needs none.
        headers: the request's headers.
        remote: the caller's address.

    Raises:
        WorkerError: MISSING_TOKEN or BAD_TOKEN.
    """
    given = bearer(headers)
    if settings.token is None:
        return LOCALHOST
    if given is None:
        if settings.auth_optional and is_local(headers, remote):
            return LOCALHOST
        raise WorkerError("MISSING_TOKEN", "this worker needs a token")
    if settings.trust_proxy:
        return identity_of(given)
    if same_token(given, settings.token):
        return identity_of(given)
    raise WorkerError("BAD_TOKEN", "the token is not accepted")
