"""Monitoring and incident services."""

from typing import Final

from narration_core.redaction._rule import ALNUM, HEX, Rule, prefixed

RULES: Final[tuple[Rule, ...]] = (
    prefixed(
        "honeycomb-key",
        "hcaik_ hcaic_ hcxik_ hcxmk_ hcalk_ hcamk_ hcbik_",
        least=20,
        source="Honeycomb documentation, API keys",
    ),
    prefixed("coralogix-key", "cxtp_ cxup_ cxapi_", least=24, body=ALNUM, source="Coralogix documentation, API keys"),
    prefixed("datadog-token", "ddapp_ ddpat_ ddsat_", least=30, source="Datadog documentation, application keys"),
    prefixed("incident-io-key", "inc_", least=64, body=HEX, most=64, source="incident.io documentation, API keys"),
    prefixed(
        "checkly-key",
        "cu_",
        least=32,
        body=HEX,
        most=32,
        edge=r"(?<![\w])",
        shapes=(r"cu_[0-9a-fA-F]{32}",),
        source="Checkly documentation, API keys",
    ),
)
