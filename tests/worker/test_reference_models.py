"""The architectures that people use, with real vocabularies: they load, tokenise, stream and repeat."""

import math
import sys

import pytest
from gguf import GGMLQuantizationType

from narration_worker.errors import WorkerError
from narration_worker.model.chat import render
from narration_worker.model.engine import Engine
from narration_worker.model.generation import Result, StopSwitch
from narration_worker.model.gguf_check import check
from narration_worker.model.memory_estimate import cache_bytes_per_token
from narration_worker.requests import ChatMessage, ExecuteRequest
from support import real_vocabularies
from support.small_models import NOT_FOR_TEXT, not_for_text

pytestmark = pytest.mark.usefixtures("strict")

MODELS = {
    "llama with SentencePiece": ("llama", "llama-spm"),
    "llama with BPE": ("llama", "llama-bpe"),
    "qwen2": ("qwen2", "qwen2"),
    "gemma": ("gemma", "gemma-4"),
    "phi3": ("phi3", "phi-3"),
    "gpt-oss": ("gpt-oss", "llama-bpe"),
}
TEXT = "Hello wörld 🚀 你好 <s> </s>"


@pytest.fixture(scope="session")
def vocabularies():
    try:
        return real_vocabularies.vocabularies()
    except real_vocabularies.SourceError as error:
        pytest.skip(f"no real vocabularies here: {error}")


def make(folder, vocabularies, architecture, vocabulary, **options):
    target = folder / f"{architecture}-{vocabulary}.gguf"
    source = vocabularies / f"ggml-vocab-{vocabulary}.gguf"
    if architecture == "phi3":
        return real_vocabularies.phi3(target, source)
    if architecture == "gpt-oss":
        return real_vocabularies.gpt_oss(target, source)
    return real_vocabularies.llama(target, source, architecture, **options)


def loaded(path):
    engine = Engine(path, "cpu")
    engine.load(None)
    return engine


def answer(engine, **fields):
    request = ExecuteRequest(**{"prompt": TEXT, "max_tokens": 24, "temperature": 1.0, **fields})
    return list(engine.generate(request, engine.tokenise(request), 5, StopSwitch()))


@pytest.mark.req("M0-W-1230")
@pytest.mark.parametrize("name", MODELS)
def test_a_reference_architecture_loads_streams_and_repeats(tmp_path, vocabularies, name):
    engine = loaded(make(tmp_path, vocabularies, *MODELS[name]))
    try:
        first, again = answer(engine), answer(engine)
        assert [step.token for step in first[:-1]] == [step.token for step in again[:-1]]
        assert isinstance(first[-1], Result)
        assert 0 < first[-1].tokens_out <= 24
        assert "".join(step.text for step in first[:-1]).encode()
    finally:
        engine.close()


@pytest.mark.req("M0-W-1363", "M0-W-1364")
def test_tokenisation_equals_llama_cpps_own_cases_for_every_vocabulary(vocabularies):
    import llama_cpp

    from narration_worker.model import native

    parameters = llama_cpp.llama_model_default_params()
    parameters.vocab_only = True
    wrong, compared = [], 0
    for source in sorted(vocabularies.glob("ggml-vocab-*.gguf")):
        cases = real_vocabularies.cases(source)
        if not cases or "bert" in source.name:  # encoders' vocabularies: no such model is served
            continue
        model = llama_cpp.llama_model_load_from_file(str(source).encode(), parameters)
        assert model, source
        try:
            vocabulary = llama_cpp.llama_model_get_vocab(model)
            for case in cases:
                compared += 1
                tokens = native.tokenise(vocabulary, case.text, add_special=False)
                if tokens != case.tokens:
                    wrong.append((source.name, case.text[:20], case.tokens[:8], tokens[:8]))
        finally:
            llama_cpp.llama_model_free(model)
    assert not wrong
    assert compared > 500, compared


@pytest.mark.req("M0-W-1823")
def test_a_per_layer_array_and_the_same_number_need_the_same_cache(tmp_path, vocabularies):
    for folder in ("one", "each"):
        (tmp_path / folder).mkdir()
    one = check(make(tmp_path / "one", vocabularies, "qwen2", "qwen2"))
    each = check(make(tmp_path / "each", vocabularies, "qwen2", "qwen2", per_layer=True))
    assert each.metadata["qwen2.attention.head_count_kv"] == [2, 2]
    assert cache_bytes_per_token(each) == cache_bytes_per_token(one) == 2 * 2 * 2 * (16 + 16)


CHATML = (
    "{% for message in messages %}"
    "{% if loop.first and message.role == 'assistant' %}{{ raise_exception('no') }}{% endif %}"
    "<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.mark.req("M0-W-1300", "M0-W-1363")
def test_a_chat_goes_through_the_models_own_template(tmp_path, vocabularies):
    engine = loaded(make(tmp_path, vocabularies, "qwen2", "qwen2", chat_template=CHATML))
    try:
        chat = [ChatMessage("system", "Be brief."), ChatMessage("user", "Say <|im_end|> twice")]
        tokens = engine.tokenise(ExecuteRequest(messages=chat))
        written = "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nSay <|im_end|> twice<|im_end|>\n"
        special = ExecuteRequest(prompt=f"{written}<|im_start|>assistant\n", parse_special=True)
        plain = ExecuteRequest(prompt=special.prompt)
        assert tokens == engine.tokenise(special)
        assert len(tokens) < len(engine.tokenise(plain))  # there, `<|im_start|>` is text
        with pytest.raises(WorkerError, match="refused by the model's chat template") as refused:
            engine.tokenise(ExecuteRequest(messages=[ChatMessage("assistant", "my secret words")]))
        assert "secret" not in refused.value.message
    finally:
        engine.close()


BUGS = [
    "1 // 0",
    "messages[0].content.nothing.more",
    "messages[0]['content'].index('?')",
    "'%d' % 'x'",
    "[].pop()",
    "'x' * 10**18",
]


@pytest.mark.req("M0-W-1300")
@pytest.mark.parametrize("bug", BUGS)
def test_a_template_that_fails_refuses_the_request_and_is_no_failure_of_the_worker(bug):
    template = f"{{{{ {bug} }}}}"
    with pytest.raises(WorkerError, match="refused by the model's chat template") as refused:
        render(template, [ChatMessage("user", "my secret words")], "<s>", "</s>")
    assert refused.value.code == "INVALID_REQUEST"
    assert "secret" not in refused.value.message


NEST = "{% for a in range(99999) %}" * 3 + "{% endfor %}" * 3


@pytest.mark.req("M0-W-1300")
@pytest.mark.parametrize(
    ("template", "why"),
    [
        (NEST, "keep the model's chat template busy"),
        ("{% for a in range(99999) %}secret words{% endfor %}", "become 1199988 characters"),
    ],
)
def test_a_template_that_does_not_end_or_writes_too_much_refuses_the_request(template, why):
    before = sys.gettrace()
    with pytest.raises(WorkerError, match=why) as refused:
        render(template, [ChatMessage("user", "my secret words")], "<s>", "</s>")
    assert refused.value.code == "INVALID_REQUEST"
    assert "secret" not in refused.value.message
    assert sys.gettrace() is before


MOST_DIFFERENT = 0.02
"""How far a logit of the MXFP4 model may be from the same model with the values written out: the CPU rounds the
activations of quantised products to eight bits."""


@pytest.mark.req("M0-W-1822")
def test_mxfp4_weights_give_the_numbers_of_their_values(tmp_path, vocabularies):
    import llama_cpp
    import numpy as np

    source = vocabularies / "ggml-vocab-llama-bpe.gguf"
    logits = []
    for kind in (GGMLQuantizationType.MXFP4, GGMLQuantizationType.F32):
        engine = loaded(real_vocabularies.gpt_oss(tmp_path / f"{kind.name}.gguf", source, kind))
        try:
            model = engine.model
            model.clear_cache()
            assert model.evaluate(model.tokenise("The same numbers")) == 0
            pointer = llama_cpp.llama_get_logits_ith(model._context, -1)
            logits.append(np.ctypeslib.as_array(pointer, (model.vocabulary_size,)).copy())
        finally:
            engine.close()
    packed, written = logits
    spread = float(written.std())
    assert math.isfinite(spread)
    assert spread > 0
    assert float(np.abs(packed - written).max()) < MOST_DIFFERENT * max(1.0, float(np.abs(written).max()))
    assert not np.array_equal(packed, written)  # two ways of computing, not one


@pytest.mark.req("M0-W-1212", "M0-W-1111")
@pytest.mark.parametrize("what", NOT_FOR_TEXT)
def test_what_cannot_generate_text_is_refused_by_its_true_name(tmp_path, what):
    path = not_for_text(tmp_path / "other.gguf", what)
    name = what.partition(" ")[2] if what != "a later shard" else "shard 2 of 3"
    with pytest.raises(WorkerError, match=name) as refused:
        loaded(path)
    assert refused.value.code == "MODEL_LOAD_FAILED"
    assert refused.value.hint is not None
    advice = "give the first shard" if what == "a later shard" else "give a model that generates text"
    assert refused.value.hint.startswith(advice)
