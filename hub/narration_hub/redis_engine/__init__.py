"""Many hubs, one set of streams: Redis or Valkey numbers the events, and every hub reads what its readers want."""

from narration_hub.redis_engine._engine import RedisEngine
from narration_hub.redis_engine._link import Link, UnfitError

__all__ = ["Link", "RedisEngine", "UnfitError"]
