"""The numbers in a model's metadata that llama.cpp asserts on: it ends the whole process when one of them is wrong."""

from typing import Any, Final

from narration_core.nouns import counted

SIZES: Final = {"context_length": 1 << 30, "embedding_length": 1 << 20, "block_count": 512}
MAX_EXPERTS: Final = 1024
DATA_ALIGNMENT: Final = 32
"""What the place of a file's first tensor must be a multiple of, whatever alignment the file claims."""

NO_TOKENIZERS: Final = frozenset(("no_vocab", "bert"))
"""Values of `tokenizer.ggml.model` with which no text can be generated: none at all, and that of encoders."""

_ROPE_SCALINGS: Final = frozenset(("none", "linear", "yarn", "longrope"))


def fault_of_sizes(metadata: dict[str, Any], architecture: str) -> str | None:
    """Return what llama.cpp would end the process for, or None.

    Args:
        metadata: the file's metadata.
        architecture: such as llama.
    """

    def value(key: str, default: Any = 0) -> Any:
        return metadata.get(f"{architecture}.{key}", default)

    shown = architecture[:40]
    for key, most in SIZES.items():
        found = value(key, None)
        if not isinstance(found, int) or not 0 < found <= most:
            return f"its metadata has no usable {shown}.{key} (it is {str(found)[:40]}, allowed are 1 to {most})"
    for key in ("layer_norm_epsilon", "layer_norm_rms_epsilon"):
        epsilon = value(f"attention.{key}", 0.0)
        if not isinstance(epsilon, float) or not 0 <= epsilon < 1:
            return f"its metadata has no usable {key} (it is {str(epsilon)[:40]})"
    scaling = value("rope.scaling.type", "linear")
    if isinstance(scaling, str) and scaling not in _ROPE_SCALINGS:
        return f"its metadata has no usable {shown}.rope.scaling.type (it is {scaling[:40]!r})"
    extra = value("nextn_predict_layers")
    if isinstance(extra, int) and extra > value("block_count"):
        return f"its metadata claims {extra} of its {value('block_count')} layers for prediction (nextn_predict_layers)"
    used = value("expert_used_count")
    most_used = max(used, default=0) if isinstance(used, list) else used
    groups, groups_used = value("expert_group_count"), value("expert_group_used_count")
    return _fault_of_experts(value("expert_count"), most_used, groups, groups_used, shown)


def _fault_of_experts(experts: Any, most_used: Any, groups: Any, groups_used: Any, architecture: str) -> str | None:
    if not all(isinstance(number, int) for number in (experts, most_used, groups, groups_used)):
        return None  # numbers of another type are refused by llama.cpp itself, without an assertion
    if experts <= 1 and architecture.startswith("hunyuan"):
        return None  # llama.cpp takes these as models without experts
    if experts > MAX_EXPERTS:
        return f"its metadata claims {counted(experts, 'expert')}, at most {MAX_EXPERTS} are allowed"
    if most_used > experts or (experts and not most_used):
        return f"its metadata claims {most_used} of {counted(experts, 'expert')} for a token"
    if groups and (groups >= experts or (groups > 1 and (experts % groups or not 0 < groups_used < groups))):
        return f"its metadata claims {groups_used} of {counted(groups, 'group')} of {counted(experts, 'expert')}"
    return None
