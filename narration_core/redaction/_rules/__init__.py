"""The catalogue of rules, one module a family; a new provider is one more entry in one of them."""

from functools import cache

from narration_core.redaction._rule import Rule


@cache
def catalogue() -> tuple[Rule, ...]:
    """Return every rule, optional ones included; loaded on first use."""
    from narration_core.redaction._rules import (  # noqa: PLC0415
        ai,
        cloud,
        codes,
        commands,
        complaints,
        devices,
        dumps,
        encoded,
        identity,
        layouts,
        links,
        messaging,
        monitoring,
        office,
        passwords,
        payments,
        pii,
        saas,
        services,
        structure,
        tools,
        utilities,
        vcs,
    )

    return tuple(
        rule
        for family in (
            structure,
            links,
            commands,
            codes,
            complaints,
            layouts,
            dumps,
            passwords,
            tools,
            utilities,
            devices,
            encoded,
            cloud,
            vcs,
            ai,
            payments,
            messaging,
            monitoring,
            identity,
            office,
            saas,
            services,
            pii,
        )
        for rule in family.RULES
    )
