"""The connection to Redis or Valkey: every command bounded in time, every failure one kind of error."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from contextlib import asynccontextmanager
from hashlib import sha1
from typing import Any, Final
from urllib.parse import urlsplit

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoScriptError, OutOfMemoryError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError

from narration_hub.engine import Entry
from narration_hub.redis_engine import _scripts
from narration_hub.redis_engine._replies import Look, Row, Shared, Told, numbers_in, row_of, told_of
from narration_hub.streams import Limits

PREFIX: Final = "narration:1:"
KNOWN_S: Final = 2 * 3600
"""How long Redis knows which events came already, in seconds."""

_LIVES_S: Final = 3600  # a stream after its last event
_PATIENCE_S: Final = 2.0
_BLOCK_MS: Final = 1000
_AT_ONCE: Final = 500
_WINDOW: Final = 8192  # numbers of a producer that share a key
_MOST_ROWS: Final = 50_000
_AT_ONCE_ROWS: Final = 200
_TOLD_S: Final = 2 * 24 * 3600  # how long Redis has what hubs told each other
_OLDEST: Final = (6, 2)
_FIELDS: Final = 4  # of an entry: two names, two values


class GoneError(Exception):
    """Redis does not answer, or not as it should; the message is the reason, in few words and without secrets."""


class UnfitError(GoneError):
    """A server that streams cannot be kept on."""


class RenewedError(GoneError):
    """The server's numbers are from another life than those that this hub knows."""


def key_of(entry: Entry) -> str:
    """Return what an event is known by."""
    return f"{entry.owner}/{entry.event_id}"


def stream_key(scope: str, name: str) -> bytes:
    """Return the key of a stream's events."""
    return _bytes(f"{PREFIX}s:{scope}:{name}")


def _bytes(text: str | None) -> bytes:
    """Return any text as bytes: what a producer sends must not make a command fail."""
    return (text or "").encode("utf-8", "surrogatepass")


class Link:
    """Talks to one server.

    Args:
        url: redis://, rediss:// or unix://, with a password if one is needed.
        hub: this hub's own name.
        limits: of each stream.

    Attributes:
        address: the server's, without password.
    """

    def __init__(self, url: str, hub: str, limits: Limits) -> None:
        self._url = url
        self.hub = hub
        self._limits = limits
        parts = urlsplit(url)
        self.address = f"{parts.hostname}:{parts.port or 6379}" if parts.hostname else parts.path
        self._generation: str | None = None
        self._known_generation: str | None = None
        self._count = 0
        self._client: Redis | None = None
        self._reader: Redis | None = None
        self._woken = "0"

    # -- connecting -------------------------------------------------------------------------------

    async def connect(self) -> bool:
        """Connect anew; return whether the server's numbers are from another life than those known before.

        Raises:
            UnfitError: streams cannot be kept there.
            GoneError: it does not answer.
        """
        await self.close()
        self._client, self._reader = self._connected(), self._connected()
        async with _failures(_PATIENCE_S):
            info = await self._client.info()
        _check(info)
        self._generation = None
        await self._call(_scripts.JOIN)
        known, self._known_generation = self._known_generation, self._generation
        self._woken = "0"
        return known is not None and known != self._generation

    def _connected(self) -> Redis:
        # No retries, no health checks: what fails is tried again by the engine, which knows what was told to readers.
        return Redis.from_url(
            self._url, socket_connect_timeout=_PATIENCE_S, socket_timeout=None, retry=Retry(NoBackoff(), 0),
            health_check_interval=0, max_connections=16, protocol=2,
        )  # fmt: skip

    async def close(self) -> None:
        """Let go of the server."""
        clients, self._client, self._reader = (self._client, self._reader), None, None
        for client in clients:
            if client is not None:
                try:
                    async with asyncio.timeout(_PATIENCE_S):
                        await client.aclose()
                except (RedisError, OSError, TimeoutError):
                    pass  # it is gone already

    async def _call(self, script: str, *arguments: Any) -> list[Any]:
        """Run a script; return what it returns beside the life that it found."""
        client = self._client
        if client is None:
            raise GoneError("it was away")
        given = (PREFIX, secrets.token_hex(8), self._count, *arguments)
        async with _failures(_PATIENCE_S):
            try:
                answer = await _awaited(client.evalsha(sha1(script.encode()).hexdigest(), 0, *given))  # noqa: S324 - a name
            except NoScriptError:
                answer = await _awaited(client.eval(script, 0, *given))
        generation, self._count = answer[0].decode(), answer[1]
        if self._generation is None:
            self._generation = generation
        if generation != self._generation:
            raise RenewedError("its numbers are from another life")
        return list(answer[2:])

    async def share(
        self, seen: int, seen_tickets: int, keys: Mapping[str, int], revoked: Mapping[str, int], rows: Sequence[Row]
    ) -> Shared:
        """Tell other hubs what is new here, and learn what is new there.

        Args:
            seen: up to where their rows are known.
            seen_tickets: the same for keys and revocations.
            keys: this hub's keys.
            revoked: what was revoked here.
            rows: what this hub tells.
        """
        arguments: list[Any] = [self.hub, seen, seen_tickets, _MOST_ROWS, _TOLD_S]
        for pairs in (keys, revoked):
            arguments.append(len(pairs))
            for name, at_ms in pairs.items():
                arguments += (_bytes(name), at_ms)
        for row in rows:
            arguments += (
                _bytes(f"{self.hub}|{row.kind}|{row.name}"),
                _bytes(row.name if row.kind == "j" else ""),
                row.data,
            )
        answer = await self._call(_scripts.SHARE, *arguments)
        at_ms, seen, seen_tickets, new_keys, new_revoked, firsts, told, many = answer
        return Shared(
            at_ms, seen, seen_tickets, numbers_in(new_keys), numbers_in(new_revoked), firsts,
            [row_of(*pair) for pair in zip(told[::2], told[1::2], strict=True) if pair[1] is not None],
            many == _AT_ONCE_ROWS,
        )  # fmt: skip

    # -- streams ----------------------------------------------------------------------------------

    async def publish(self, entries: Sequence[Entry]) -> list[int]:
        """Give entries to Redis; return which of them it had already, by their places."""
        arguments: list[Any] = [self.hub, self._limits.events, self._limits.bytes, _LIVES_S, KNOWN_S]
        for entry in entries:
            key = key_of(entry)
            producer, _, number = key.rpartition("-")
            if producer and number.isascii() and number.isdigit() and len(number) <= 18:  # noqa: PLR2004 - 64 bits
                block, bit = divmod(int(number), _WINDOW)
                arguments += (_bytes(f"{producer}-{block}"), bit)
            else:
                arguments += (_bytes(f"={key}"), "")
            arguments += (_bytes(key), entry.frame, _bytes(entry.job), _bytes(entry.story))
        (repeated,) = await self._call(_scripts.PUBLISH, *arguments)
        return list(repeated)

    async def look(self, scope: str, name: str, *, make: bool = False) -> Look | None:
        """Return a stream's numbers; None when there is no such stream and none is to be made."""
        answer = await self._call(_scripts.LOOK, scope, _bytes(name), int(make), _LIVES_S)
        return Look(answer[0].decode(), answer[1], answer[2]) if answer else None

    async def read(self, scope: str, name: str, look: Look) -> list[Told]:
        """Return the events of a stream, up to the last one that was there when it was looked at."""
        found: list[Told] = []
        key, first = stream_key(scope, name), look.first
        while first <= look.last:
            client = self._client
            if client is None:
                raise GoneError("it was away")
            async with _failures(_PATIENCE_S):
                some: Any = await client.xrange(key, f"{first}-0", f"{look.last}-0", count=_AT_ONCE)
            if not some:
                break
            told = [told_of(*entry) for entry in some]
            if told[0].number != first:
                found.clear()  # it was cut meanwhile
            found += told
            first = told[-1].number + 1
        return found

    async def follow(self, places: Mapping[bytes, int]) -> dict[bytes, list[Told]]:
        """Wait a moment for what follows in streams, or until `wake`.

        Args:
            places: of each stream's key the number of the last event that is known.
        """
        reader = self._reader
        if reader is None:
            raise GoneError("it was away")
        wake = f"{PREFIX}w:{self.hub}".encode()
        wanted: dict[Any, Any] = {wake: self._woken, **{key: f"{number}-0" for key, number in places.items()}}
        async with _failures(_PATIENCE_S + _BLOCK_MS / 1000):
            answer: Any = await reader.xread(wanted, count=_AT_ONCE, block=_BLOCK_MS)
        pairs = answer.items() if isinstance(answer, dict) else answer
        found: dict[bytes, list[Told]] = {}
        for key, entries in pairs or ():
            if key == wake:
                self._woken = entries[-1][0].decode()
            else:
                found[key] = [told_of(*entry) for entry in entries]
        return found

    async def wake(self) -> None:
        """Have `follow` return: it is to follow other streams."""
        client = self._client
        if client is not None:
            key = f"{PREFIX}w:{self.hub}"
            async with _failures(_PATIENCE_S):
                await client.xadd(key, {"w": "1"}, maxlen=1, approximate=False)
                await client.expire(key, _LIVES_S)


def _check(info: Mapping[str, Any]) -> None:
    """Refuse a server that would lose streams, or that cannot keep them.

    Raises:
        UnfitError: it is one.
    """
    version = str(info.get("redis_version", "0"))
    if tuple(int(part) for part in version.split(".")[:2] if part.isdigit()) < _OLDEST:
        raise UnfitError(f"version {version} is older than 6.2")
    if "cluster" in {info.get("redis_mode"), info.get("server_mode")}:
        raise UnfitError("it is a cluster; streams need one server, or one with replicas")
    policy = str(info.get("maxmemory_policy", ""))
    if policy.startswith("allkeys"):
        raise UnfitError(f"maxmemory-policy {policy} throws streams away; set noeviction")
    if info.get("role") == "slave":
        raise UnfitError("it is a replica; name the primary")


@asynccontextmanager
async def _failures(within_s: float) -> AsyncIterator[None]:
    """Make whatever can go wrong between here and Redis a GoneError."""
    try:
        async with asyncio.timeout(within_s):
            yield
    except TimeoutError:
        raise GoneError("it does not answer in time") from None
    except OutOfMemoryError:
        raise GoneError("its memory is full") from None
    except AuthenticationError:
        raise GoneError("it does not accept the password") from None
    except (RedisConnectionError, OSError):
        raise GoneError("the connection broke") from None
    except RedisError as error:
        raise GoneError(f"it refuses: {type(error).__name__}") from None
    except (KeyError, ValueError, IndexError):
        raise GoneError("its answer is not ours") from None


async def _awaited(answer: Awaitable[Any] | Any) -> Any:
    return await answer
