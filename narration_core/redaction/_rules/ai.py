"""Model providers, machine-learning tools, vector stores."""

import re
from typing import Final

from narration_core.redaction._checks import noise, noisy, random_looking
from narration_core.redaction._rule import HEX, Rule, made_up, prefixed

# Functions of OpenSSL's stacks: words of one case each, sk_X509_CRL_deep_copy.
_STACK: Final = re.compile(r"sk(?:_(?:[A-Z]{1,12}(?:\d{1,4}(?:V\d)?)?|[A-Z]?[a-z]{1,12})){2,10}")


def _key(value: str) -> bool:
    if _STACK.fullmatch(value):
        return False
    return noisy(value, 0.2) or len(set(value[-12:])) <= 2 or value.count("0000") > 1


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        name="sk-key",
        # OpenAI, Anthropic, DeepSeek, OpenRouter, Langfuse, Braintrust, ElevenLabs, Stability and more share the prefix.
        pattern=r"(?<![A-Za-z0-9])(?<![A-Za-z][\-_])(?P<s>sk[\-_](?:[a-z]{1,12}[\-_]){0,4}(?:[\w\-#@*$.]|&(?!\w{1,30}=)){16,512}+)",
        shapes=(r"(?:^|[^A-Za-z0-9])sk[\-_][\w\-#@&*$.]{16}",),
        check=_key,
        examples=("sk-" + made_up(48, 2), "key sk-" + "proj-" + made_up(60, 7)),
        counterexamples=(
            "sk-learn style",
            "risk-adjusted score",
            "sk_buff_allocation_failed_in_driver",
            "sk_X509_ATTRIBUTE_shift",
        ),
        source="OpenAI, Anthropic, DeepSeek, OpenRouter documentation, API keys",
    ),
    prefixed(
        "huggingface-token",
        "hf_ api_org_",
        least=24,
        body=r"[A-Za-z0-9]",
        edge=r"(?<![\w])",
        check=lambda v: noise(v[3:]) > 0.2 or "xxxx" in v,
        source="Hugging Face documentation, user access tokens",
    ),
    prefixed("cursor-team-key", "key_", least=64, body=HEX, most=64, source="Cursor documentation, admin API keys"),
    prefixed("cursor-key", "crsr_", least=32, body=r"[A-Za-z0-9]", source="Cursor documentation, API keys"),
    prefixed("groq-key", "gsk_", least=24, body=r"[A-Za-z0-9]", source="Groq documentation, API keys"),
    prefixed("xai-key", "xai-", least=40, body=r"[A-Za-z0-9]", source="xAI documentation, API keys"),
    prefixed("perplexity-key", "pplx-", least=24, body=r"[A-Za-z0-9]", source="Perplexity documentation, API keys"),
    prefixed(
        "replicate-token",
        "r8_",
        least=24,
        body=r"[A-Za-z0-9]",
        edge=r"(?<![\w])",
        source="Replicate documentation, API tokens",
    ),
    prefixed("nvidia-api-key", "nvapi-", least=30, source="NVIDIA NGC documentation, API keys"),
    prefixed("pinecone-key", "pcsk_", least=30, source="Pinecone documentation, API keys"),
    prefixed("langsmith-key", "lsv2_pt_ lsv2_sk_ ls__", least=24, source="LangSmith documentation, API keys"),
    prefixed(
        "fireworks-key",
        "fw_",
        least=20,
        body=r"[A-Za-z0-9]",
        edge=r"(?<![\w])",
        check=lambda v: random_looking(v, 20, 0.35),
        source="Fireworks AI documentation, API keys",
    ),
    prefixed(
        "voyage-key",
        "pa-",
        least=40,
        body=r"[\w\-]",
        edge=r"(?<![\w\-])",
        shapes=(r"pa-[\w\-]{40}",),
        check=lambda v: random_looking(v, 40, 0.35),
        source="Voyage AI documentation, API keys",
    ),
    prefixed("jina-key", "jina_", least=40, source="Jina AI documentation, API keys"),
    prefixed("tavily-key", "tvly-", least=20, source="Tavily documentation, API keys"),
    prefixed(
        "firecrawl-key", "fc-", least=30, body=HEX, edge=r"(?<![\w\-])", source="Firecrawl documentation, API keys"
    ),
    prefixed("runpod-key", "rpa_", least=30, source="RunPod documentation, API keys"),
    prefixed("cerebras-key", "csk-", least=30, source="Cerebras documentation, API keys"),
    prefixed(
        "modal-token",
        "ak- as-",
        least=20,
        body=r"[A-Za-z0-9]",
        edge=r"(?<![\w\-])",
        shapes=(r"a[ks]-[A-Za-z0-9]{20}",),
        check=lambda v: random_looking(v, 22, 0.4),
        source="Modal documentation, tokens",
    ),
    prefixed(
        "wandb-key",
        "wandb_v1_ wandb_",
        least=32,
        check=lambda v: random_looking(v, 32, 0.35),
        source="Weights and Biases API keys",
    ),
    prefixed("e2b-key", "e2b_", least=32, body=HEX, source="E2B API keys"),
    prefixed("portkey-key", "pk-lf- pk-lf_", least=24, source="Langfuse documentation, project keys"),
    prefixed("llamacloud-key", "llx-", least=30, body=r"[A-Za-z0-9]", source="LlamaCloud documentation, API keys"),
    prefixed("together-key", "tgp_v1_", least=30, source="Together AI documentation, API keys"),
    prefixed("friendli-token", "flp_", least=30, body=r"[A-Za-z0-9]", source="Friendli documentation, tokens"),
    prefixed("kaggle-token", "KGAT_", least=24, body=HEX, source="Kaggle documentation, API tokens"),
    prefixed("anyscale-key", "esecret_", least=20, source="Anyscale documentation, API keys"),
    prefixed(
        "wandb-local-key",
        "local-",
        least=40,
        most=40,
        body=HEX,
        edge=r"(?<![\w\-])",
        shapes=(r"local-[0-9a-f]{40}",),
        source="Weights and Biases API keys of own servers",
    ),
    prefixed("humanloop-key", "hl_sk_ hl_st_", least=20, source="Humanloop documentation, API keys"),
    prefixed(
        "luma-key",
        "luma-",
        least=30,
        edge=r"(?<![\w\-])",
        check=lambda v: random_looking(v, 30, 0.35),
        shapes=(r"(?:^|[^\w\-])luma-[\w\-]{30}",),
        source="Luma documentation, API keys",
    ),
    prefixed(
        "nomic-key",
        "nk-",
        least=36,
        edge=r"(?<![\w\-])",
        check=lambda v: random_looking(v, 36, 0.35),
        shapes=(r"nk-[\w\-]{36}",),
        source="Nomic documentation, API keys",
    ),
    prefixed("browserbase-key", "bb_live_ bb_test_", least=16, source="Browserbase documentation, API keys"),
    prefixed(
        "mem0-key",
        "m0-",
        least=30,
        edge=r"(?<![\w\-])",
        shapes=(r"m0-[\w]{30}",),
        check=lambda v: random_looking(v, 30, 0.4),
        source="Mem0 documentation, API keys",
    ),
    prefixed(
        "chroma-key",
        "ck-",
        least=36,
        edge=r"(?<![\w\-])",
        shapes=(r"ck-[\w]{36}",),
        check=lambda v: random_looking(v, 36, 0.4),
        source="Chroma documentation, API keys",
    ),
)
