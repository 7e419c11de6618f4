"""Payments, shops, accounting, crypto exchanges."""

from typing import Final

from narration_core.redaction.checks import noise, random_looking
from narration_core.redaction.rule import HEX, Rule, made_up, prefixed

RULES: Final[tuple[Rule, ...]] = (
    prefixed(
        "stripe-key",
        "sk_live_ sk_test_ sk_prod_ rk_live_ rk_test_ rk_prod_ pk_live_ pk_test_",
        least=10,
        body=r"[\w]",
        edge=r"(?<![A-Za-z])",
        source="Stripe documentation, API keys",
    ),
    prefixed(
        "stripe-webhook-secret", "whsec_", least=16, body=r"[\w+/=]", source="Stripe documentation, webhook signatures"
    ),
    prefixed(
        "square-token",
        "sq0atp- sq0csp- sq0idp- EAAAE EAAAl",
        least=18,
        body=r"[\w\-\\]",
        edge=r"(?<![\w])",
        source="Square documentation, access tokens",
    ),
    prefixed(
        "braintree-token",
        "access_token$production$ access_token$sandbox$".replace("$", "[$]"),
        least=20,
        body=r"[a-z0-9$]",
        shapes=(r"access_token\$(?:production|sandbox)\$",),
        examples=(
            "access_token$sandbox$" + "7zk2xw9lr4tn8vb3$7a1f9c04e5b8d26340fa9e17c8d5b263",
            "access_token$production$" + "xw9lr4tn8vb3mc6j$0e9f4a718c2d6b5e7a1f9c04e5b8d263",
        ),
        counterexamples=("access_token$sandbox$", "access_token$other$abc"),
        source="Braintree documentation, access tokens",
    ),
    prefixed("paypal-token", "A21AA A101.", least=40, edge=r"(?<![\w])", source="PayPal documentation, access tokens"),
    prefixed(
        "flutterwave-key",
        "FLWSECK- FLWPUBK- FLWSECK_TEST- FLWPUBK_TEST-",
        least=12,
        source="Flutterwave documentation, API keys",
    ),
    prefixed(
        "razorpay-key", "rzp_live_ rzp_test_", least=10, body=r"[A-Za-z0-9]", source="Razorpay documentation, API keys"
    ),
    prefixed(
        "gocardless-token",
        "live_ sandbox_ ",
        least=36,
        body=r"[\w\-=]",
        edge=r"(?<![\w])",
        shapes=(r"(?:live|sandbox)_[\w\-=]{36}",),
        check=lambda v: random_looking(v, 40, 0.35),
        source="GoCardless documentation, access tokens",
    ),
    prefixed(
        "adyen-key",
        "AQE",
        least=40,
        body=r"[A-Za-z0-9+/=\-<>]",
        edge=r"(?<![A-Za-z0-9+/])",
        shapes=(r"AQE[A-Za-z0-9]{40}",),
        source="Adyen documentation, API keys",
    ),
    prefixed(
        "plaid-token",
        "access-sandbox- access-development- access-production- public-sandbox- link-sandbox- link-production-",
        least=24,
        body=r"[0-9a-zA-Z\-]",
        source="Plaid documentation, tokens",
    ),
    prefixed(
        "easypost-key",
        "EZAK EZTK",
        least=40,
        body=r"[A-Za-z0-9]",
        edge=r"(?<![\w])",
        source="EasyPost documentation, API keys",
    ),
    prefixed(
        "shopify-token",
        "shpat_ shpca_ shppa_ shpss_ shpua_ shpit_",
        least=24,
        body=r"[A-Za-z0-9]",
        source="Shopify documentation, access tokens",
    ),
    prefixed(
        "shippo-token",
        "shippo_live_ shippo_test_",
        least=24,
        body=r"[A-Za-z0-9]",
        source="Shippo documentation, API tokens",
    ),
    prefixed(
        "duffel-token",
        "duffel_test_ duffel_live_",
        least=24,
        body=r"[\w\-=]",
        source="Duffel documentation, access tokens",
    ),
    prefixed(
        "lob-key",
        "live_ test_ live_pub_ test_pub_",
        least=30,
        body=HEX,
        edge=r"(?<![A-Za-z])",
        shapes=(r"(?:live|test)_(?:pub_)?[0-9a-fA-F]{30}",),
        source="Lob documentation, API keys",
    ),
    prefixed("checkout-key", "sk_sbx_ pk_sbx_", least=16, source="Checkout.com documentation, API keys"),
    prefixed(
        "chargebee-key",
        "live_ test_",
        least=24,
        body=r"[A-Za-z0-9]",
        edge=r"(?<![\w])",
        shapes=(r"(?:live|test)_[A-Za-z0-9]{24}",),
        check=lambda v: random_looking(v, 28, 0.4),
        source="Chargebee documentation, API keys",
    ),
    prefixed("paddle-key", "pdl_live_ pdl_sdbx_ pdl_ntfset_", least=20, source="Paddle documentation, API keys"),
    prefixed("polar-token", "polar_oat_ polar_pat_ polar_at_", least=20, source="Polar documentation, access tokens"),
    prefixed(
        "coinbase-key",
        "organizations/",
        least=40,
        body=r"[0-9a-f\-/apiKeys]",
        source="Coinbase Developer Platform key names",
        shapes=(r"organizations/[0-9a-f\-]{36}/apiKeys/",),
        examples=(
            "organizations/" + "7a1f9c04-e5b8-4263-90fa-9e17c8d5b263/apiKeys/" + "0e9f4a71-8c2d-4b5e-a1f9-c04e5b8d2634",
            "at organizations/"
            + "0e9f4a71-8c2d-4b5e-a1f9-c04e5b8d2634/apiKeys/"
            + "7a1f9c04-e5b8-4263-90fa-9e17c8d5b263",
        ),
    ),
    prefixed("alchemy-key", "alcht_ alch_", least=24, source="Alchemy documentation, API keys"),
    prefixed(
        "freemius-key",
        "sk_",
        least=20,
        body=r"[^\s\"'<>]",
        edge=r"(?<![\w])",
        shapes=(r"sk_[^\s\"'<>]{20}",),
        check=lambda v: noise(v) >= 0.35,
        source="Freemius documentation, secret keys",
    ),
    prefixed("flexport-token", "shltm_", least=30, source="Flexport API tokens"),
    prefixed("mercury-token", "secret-token:mercury_", least=20, source="Mercury documentation, API tokens; RFC 8959"),
    prefixed(
        "brex-token",
        "bxt_ brex_",
        least=30,
        check=lambda v: random_looking(v, 30, 0.35),
        source="Brex documentation, user tokens",
    ),
    prefixed("ramp-token", "ramp_id_ ramp_sec_ ramp_tok_", least=20, source="Ramp documentation, API tokens"),
    Rule(
        name="mercadopago-token",
        pattern=r"(?<![\w])(?P<s>(?:APP_USR|TEST)-\d{12,20}-\d{6}-[0-9a-f]{32}(?:__[A-Z]{2}_[A-Z]{2}__)?-\d{6,12})",
        shapes=(r"(?:APP_USR|TEST)-[0-9]{12}",),
        examples=(
            "APP_USR-" + "7041926385012345-010126-7a1f9c04e5b8d26340fa9e17c8d5b263-204815162",
            "TEST-" + "7041926385012345-020226-0e9f4a718c2d6b5e7a1f9c04e5b8d263-204815163",
        ),
        counterexamples=("TEST-123456", "APP_USR-short"),
        source="Mercado Pago documentation, credentials",
    ),
    Rule(
        name="etsy-keystring",
        pattern=r"(?i)x-api-key[\"']?\s{0,2}[:=,]\s{0,2}[\"']?(?P<s>[\w\-+/=.:~]{8,256}+)",
        literals=("x-api-key",),
        examples=("x-api-key: " + made_up(24, 3), '"X-Api-Key", "' + made_up(32, 1) + '"'),
        counterexamples=("x-api-key:", "x-api-key is missing"),
        source="usual HTTP header",
    ),
)
