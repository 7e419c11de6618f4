"""What /execute takes, and that every fault is named."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from narration_worker.requests import MAX_BODY, ExecuteRequest, native_seed, parse_cancel, parse_execute, sent_job_id

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
FIELDS = [field.name for field in msgspec.structs.fields(ExecuteRequest)]


def faults(**fields):
    request, found = parse_execute(json.dumps({"job_id": "j", "prompt": "p", **fields}).encode())
    assert (request is None) == bool(found)
    return {fault.field for fault in found}


@pytest.mark.req("M0-W-1300")
def test_the_least_that_is_needed_has_sensible_defaults():
    request, found = parse_execute(b'{"job_id": "j-1", "prompt": "Hello"}')
    assert found == []
    assert (request.job_id, request.prompt, request.seed, request.stop) == ("j-1", "Hello", None, [])


@pytest.mark.req("M0-W-1300", "M0-W-1032")
@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("job_id", ["a", "x" * 256, "a.b_c:d-9"], ["", "x" * 257, "a b", "a/b", "\u00e9", 7]),
        ("prompt", ["a", "x" * 32768, "\U0001f680", "a\x00b"], ["", "x" * 32769, 7, None, ["a"]]),
        ("max_tokens", [1, 4096, 7.0], [0, -1, 4097, 1.5, "9", True]),
        ("temperature", [0, 0.0, 2, 2.0, 0.7], [-0.01, 2.01, "hot", True]),
        ("top_p", [0, 1, 0.5], [-0.1, 1.1, "x"]),
        ("top_k", [0, 1, 100_000], [-1, 1.5, "x"]),
        ("min_p", [0, 1], [-0.1, 1.1]),
        ("repetition_penalty", [0.5, 2], [-0.1, 2.1]),
        ("stop", [[], ["a"], ["x" * 32] * 4], ["a", ["a"] * 5, ["x" * 33], [7], [""]]),
        ("seed", [0, 7, 7.0, 2**32 - 1, 2**64 - 1], [-1, 2**64, 1.5, "7"]),
    ],
)
def test_the_limits_of_each_field(field, good, bad):
    for value in good:
        assert faults(**{field: value}) == set(), (field, value)
    for value in bad:
        assert faults(**{field: value}) == {field}, (field, value)


@pytest.mark.req("M0-W-1300")
def test_a_repetition_penalty_of_0_is_in_range():
    assert faults(repetition_penalty=0) == set()


@pytest.mark.req("M0-W-1302")
def test_every_fault_is_named_not_only_the_first():
    assert faults(prompt="", max_tokens=0, temperature=3, top_p=2, stop=["x"] * 9, colour="red") == {
        "prompt", "max_tokens", "temperature", "top_p", "stop", "colour",
    }  # fmt: skip


@pytest.mark.req("M0-W-1902")
def test_a_fault_never_repeats_the_prompt():
    secret = "the-text-of-the-prompt"
    _, found = parse_execute(json.dumps({"job_id": "j", "prompt": secret * 3000, "stop": [secret * 9]}).encode())
    assert {fault.field for fault in found} == {"prompt", "stop"}
    assert all(secret not in fault.message for fault in found)


SECRET = "the-text-of-the-prompt"


@pytest.mark.req("M0-W-1302", "M0-W-1902")
@pytest.mark.parametrize(
    ("given_fields", "field", "message"),
    [
        ({"prompt": ""}, "prompt", "must not be empty"),
        ({"prompt": SECRET * 3000}, "prompt", "must have at most 32768 characters"),
        ({"prompt": [SECRET]}, "prompt", "must be a text, not a list"),
        ({"prompt": "p", "temperature": 2.5}, "temperature", "must be at most 2"),
        ({"prompt": "p", "temperature": True}, "temperature", "must be a number, not true or false"),
        ({"prompt": "p", "max_tokens": None}, "max_tokens", "must be a whole number, not null"),
        ({"prompt": "p", "max_tokens": 0}, "max_tokens", "must be at least 1"),
        ({"prompt": "p", "seed": "7"}, "seed", "must be a whole number, not a text"),
        ({"prompt": "p", "stop": ["x"] * 5}, "stop", "must have at most 4 items"),
        ({"prompt": "p", "stop": ["x", SECRET * 2]}, "stop", "items must have at most 32 characters"),
        ({"prompt": "p", "job_id": "a b"}, "job_id", "must consist of A-Z, a-z, 0-9 and . _ : - only"),
        ({"messages": []}, "messages", "must not be empty"),
        ({"messages": [{"role": SECRET, "content": "c"}]}, "messages", "items' role must be system, user or assistant"),
        ({"messages": [{"role": "user"}]}, "messages", "items must have content"),
        ({"messages": [{"role": "user", "content": "c", SECRET: 1}]}, "messages", "items must not have unknown fields"),
        ({"messages": [{"role": "user", "content": []}]}, "messages", "items' content must be a text, not a list"),
        ({"prompt": f"{SECRET}\ud83d"}, "prompt", "contains a lone surrogate"),
        ({"prompt": "p", "temperature": float("nan")}, "temperature", "must be a finite number"),
    ],
)  # fmt: skip
def test_a_fault_is_plain_english_and_repeats_nothing_of_the_request(given_fields, field, message):
    _, found = parse_execute(json.dumps(given_fields).encode())
    assert [(fault.field, fault.message) for fault in found] == [(field, message)]


@pytest.mark.req("M0-W-1302")
@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b'{"prompt": "p"', "is not valid JSON: it ends too early"),
        (b'{"prompt": "p",}', "is not valid JSON: trailing comma in object (byte 15)"),
        (b"prompt=p", "is not valid JSON: invalid character (byte 0)"),
        (b'{"prompt": "\xff"}', "is not valid JSON: it is not UTF-8"),
        (b'{"max_tokens": ' + b"9" * 5000 + b"}", "has a number that is too long"),
        (b'{"prompt": ' + b"[" * 100_000, "is nested too deeply"),
    ],
    ids=range(8),
)  # fmt: skip
def test_what_is_wrong_with_a_body_as_json_is_plain_english(body, message):
    for parse in (parse_execute, parse_cancel):
        assert [(fault.field, fault.message) for fault in parse(body)[1]] == [("body", message)]


@pytest.mark.req("M0-W-1900")
@pytest.mark.parametrize(
    ("body", "job_id"),
    [
        (b'{"job_id": "j", "prompt": "p",}', "j"),
        (b'{ "prompt" : "p" ,\n"job_id" : "j" , "stop": [1, 2', "j"),
        (b'{"prompt": "\xff", "job_id": "j"}', "j"),
        (b'{"job_id": "j"} trailing', "j"),
        (b'{"job_id": "a", "job_id": "j", oops', "j"),
        (b'{"max_tokens": {"deep": [1]}, "job_id": "j", 7', "j"),
        (b'{"job_id": "j', None),  # it may go on
        (b'{"job_id": "not an id", x', None),
        (b'{"job_id": 7, x', None),
        (b'{x, "job_id": "j"}', None),
        (b'{"prompt": "say "job_id": "j""}', None),  # of the prompt
        (b'{"prompt": "\\"job_id\\": \\"j\\"", x', None),
        (b'{"prompt": {"job_id": "j"}, x', None),
        (b'[{"job_id": "j"}, x', None),
        (b'{[1]: 2, "job_id": "j"}', None),
        (b'{"n": ' + b"9" * 5000 + b', "job_id": "j"}', None),
        (b'{"n": ' + b"[" * 100_000, None),
        (b"", None),
    ],
    ids=range(18),
)  # fmt: skip
def test_the_job_id_of_a_body_that_is_not_json_counts_when_it_is_whole_before_the_fault(body, job_id):
    assert sent_job_id(body) == job_id


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8-sig"])
def test_a_body_in_another_encoding_is_not_json(encoding):
    request, found = parse_execute('{"prompt": "p"}'.encode(encoding))
    assert request is None
    assert [fault.field for fault in found] == ["body"]
    assert found[0].message.startswith("is not valid JSON")


@pytest.mark.req("M0-W-1302")
def test_a_fault_repeats_only_the_start_of_a_long_name():
    assert faults(prompt="p", **{"n" * 64 + "m" * 5000: 1}) == {"n" * 64}


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000, b"{}" * 2, b"NaN",
     b"x" * (MAX_BODY + 1)],
    ids=range(11),
)  # fmt: skip
def test_what_is_no_json_object_is_one_fault_of_the_body(body):
    for parse in (parse_execute, parse_cancel):
        request, found = parse(body)
        assert request is None
        assert [fault.field for fault in found] == ["body"]


@pytest.mark.parametrize("body", [b'{"job_id":"j","prompt":"\\ud83d"}', b'{"job_id":"j","prompt":"a\\udc00b"}'])
def test_half_a_surrogate_pair_is_refused(body):
    request, found = parse_execute(body)
    assert request is None
    assert found


@given(st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=8), JSON, max_size=8))
def test_whatever_is_sent_is_either_valid_or_has_named_faults(given_fields):
    body = json.dumps(given_fields).encode()
    request, found = parse_execute(body)
    assert (request is None) == bool(found)
    if request is not None:
        assert request.prompt.encode()
        assert msgspec.convert(msgspec.to_builtins(request), ExecuteRequest) == request


@given(st.binary(max_size=200))
def test_any_bytes_at_all_are_answered(body):
    request, found = parse_execute(body)
    assert (request is None) == bool(found)


@pytest.mark.req("M0-W-1030")
@given(st.none() | st.integers(0, 2**64 - 1))
def test_a_seed_fits_llama_and_never_means_random(seed):
    native = native_seed(seed)
    assert 0 <= native < 0xFFFFFFFF
    if seed is not None:
        assert native_seed(seed) == native
        if seed < 0xFFFFFFFF:
            assert native == seed
