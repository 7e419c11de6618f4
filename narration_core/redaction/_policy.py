"""What counts as a secret and what is written in its place: the part of redaction that people choose."""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

from narration_core._undisturbed import loaded

MARKER: Final = "[REDACTED]"
"""What stands where a secret was."""

_LONGEST_REPLACEMENT: Final = 64

MarkerStyle = Literal["plain", "rule", "fingerprint"]


class RedactionPolicy(msgspec.Struct, frozen=True):
    """What to hide and how to mark it; the default hides every credential and every kind of personal data but addresses.

    Attributes:
        off: names of rules that are not wanted; "secret-by-name" is the one that goes by names of keys.
        on: names of optional rules that are wanted.
        ips: hide IP and MAC addresses.
        uuids: hide UUIDs.
        allow: values that stay, compared exactly.
        allow_patterns: values that stay, as `regex` patterns for the whole value.
        patterns: secrets of your own, name to `regex` pattern; a group `s`, if there is one, is the secret.
        pattern_timeout_s: seconds that all your own patterns together may take for one text; then the whole text is hidden.
        secret_keys: names whose values are secrets, whatever they look like.
        safe_keys: names whose values are none as such; a token inside one is still found.
        marker: "plain" writes `[REDACTED]`, "rule" `[REDACTED:rule]`, "fingerprint" `[REDACTED:rule:1a2b3c4d]`, the same
            digits for the same secret, so that two lines can be compared.
        replacement: what the marker "plain" writes, `[REDACTED]` when left out: 1 to 64 printable characters that no
            rule takes for a secret.
        fingerprint_key: the key of these digits; without it nobody can find a secret by trying.
        engine: "hyperscan" or "ahocorasick"; empty takes the fastest that is installed.
    """

    off: frozenset[str] = frozenset()
    on: frozenset[str] = frozenset()
    ips: bool = False
    uuids: bool = False
    allow: frozenset[str] = frozenset()
    allow_patterns: tuple[str, ...] = ()
    patterns: Mapping[str, str] = {}
    pattern_timeout_s: float = 0.05
    secret_keys: frozenset[str] = frozenset()
    safe_keys: frozenset[str] = frozenset()
    marker: MarkerStyle = "plain"
    replacement: str = MARKER
    fingerprint_key: bytes = b""
    engine: str = ""

    def __post_init__(self) -> None:
        if self.marker not in {"plain", "rule", "fingerprint"}:
            raise ValueError(f"unknown marker style {self.marker!r}: choose plain, rule or fingerprint")
        if self.marker == "fingerprint" and len(self.fingerprint_key) < 16:
            raise ValueError(
                "marker style 'fingerprint' needs a fingerprint_key of at least 16 bytes, so that nobody can find a secret by trying"
            )
        if not 1 <= len(self.replacement) <= _LONGEST_REPLACEMENT or not self.replacement.isprintable():
            raise ValueError(
                f"replacement must be 1 to {_LONGEST_REPLACEMENT} printable characters, not {self.replacement[:80]!r}"
            )
        if not isinstance(self.patterns, Mapping):
            kind = type(self.patterns).__name__
            raise TypeError(
                f"patterns must map a name to each pattern, such as {{'order': 'ORD-[0-9]+'}}, not be a {kind}"
            )
        for name in ("off", "on", "allow", "allow_patterns", "secret_keys", "safe_keys"):
            if isinstance(getattr(self, name), str | bytes):  # its letters would be taken one by one
                raise TypeError(f"{name} must be a set or list of texts, not the one text {getattr(self, name)[:80]!r}")
        for name in ("off", "on", "allow", "secret_keys", "safe_keys"):
            given = frozenset(getattr(self, name))
            msgspec.structs.force_setattr(self, name, frozenset(map(str.lower, given)) if "keys" in name else given)

    def __repr__(self) -> str:
        told = ((name, getattr(self, name)) for name in self.__struct_fields__ if name != "fingerprint_key")
        return f"RedactionPolicy({', '.join(f'{name}={value!r}' for name, value in told)})"

    def mark(self, rule: str, secret: str) -> str:
        """Return what is written in place of a secret.

        Args:
            rule: the rule that found it.
            secret: the text to hide; only a keyed hash of it is ever used.
        """
        if self.marker == "plain":
            return self.replacement
        if self.marker == "rule":
            return f"[REDACTED:{rule}]"
        # Only this marker needs the module.
        digest = loaded("hmac").new(self.fingerprint_key, secret.encode("utf-8", "surrogatepass"), "sha256")
        return f"[REDACTED:{rule}:{digest.hexdigest()[:8]}]"


DEFAULT: Final = RedactionPolicy()
