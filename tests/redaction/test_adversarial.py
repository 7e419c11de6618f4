# ruff: noqa: E501 - tables
"""Input made to be slow: time grows with the length, not with its square. Ratios only, no absolute times."""

import time

import pytest

from narration_core.redaction import Redactor
from narration_core.redaction._rules import catalogue

pytestmark = pytest.mark.req("NARR-3007")

REDACTOR = Redactor()
SIZE = 10_000
UNITS = {
    unit: unit
    for unit in (
        "a", "A", "1", " ", "\n", '"', "\\", "=", ":", "@", "a@a.", "a.a.a@", "password", "password=", "password : ", "token=x,", 'secret"="',
        "key=", "key:", "://", "://a:", "a://b:c", "-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----\nMIIEabcd", "eyJ", "eyJhbGciOiJI.eyJ",
        "4111 ", "1 2 3 ", "+1 (", "GB29 ", "GB29NWBK", "xoxb-", "sk-", "sk-a-", "ghp_", "bearer ", "basic ", '{"', '{"key": ', "kind: Secret\ndata:\n", "kind: secret data: ",
        "curl -u ", "curl a ", "mysql -p", "<secret>", "<secret ", "&sig=", "?key=", "a-b-c-", "пароль=é ", "0x0123456789abcdef", "aws/", "secret ", "aws secret ", "(?P<s>",
        "550e8400-e29b-41d4-a716-", "AKIA", "AAAAAAAAAAAAAAAAAAAAAA", "machine a login b ", "Authorization: Digest ", "cookie: a=b; ", "value=", 'name="key" value=', "'password' == ",
        "2.2.2.2.", "012-34-5678", "ZXlK", "$2b$12$", "K10", "acme_live_", "[REDACTED]", "password=[REDACTED]", ".......", "_" * 7, "key - ", "token is ", "oauth:", "key:x-functions-", "a,b=token,", "pass:word:",
        "call 0", "call +1 ", "Tel. 0", "card 4242", "4242 4242 ", "iban DE02 ", "de02 1203 ", "/reset?a=b&", "/invite/a", "?Policy=", "net use \\\\a b ", "user a pass ", "password from a to ",
        "your code ", "1234 is your ", "getToken() { ", "secret(", "BUNDLE_A__B=", "{SSHA}", "a::b:", "JSESSIONID=", "SAMLRequest=", "парол", "пароль: ", "密码:", "mot de passe ", "password=a b ",
        "acme token 7c6b5a49-", "a_" * 3 + "q7Zk2Xw9", "root:a@tcp(", "PASS: ", "secret: a ", "@例", "a@[1", '"a"@', "password&#61;x ", "password%253Dx ", "p\\u0061ssword=x ", "パスワード\uff1ax ", "pa\u0455\u0455word=x ", "passwords: [a, ", "api_key: |\n é\n",
        "cGFzc3dvcmQ", "cGFzc3dvcmQ9eC03 ", "70617373776f7264", "AUTH ", "AUTH a ", "-----BEGIN PRIVATE KEY-----\nx\n",
        "\x1b[0m", "\u200b", "&amp;", "%25", "\\n", "p\b",
    )
}  # fmt: skip


@pytest.fixture(autouse=True, scope="module")
def no_engine_is_compiled_meanwhile() -> None:
    """Have the faster engine ready: its time would count as that of the first texts."""
    REDACTOR.warm_up()


def seconds(text: str) -> float:
    start = time.process_time()
    REDACTOR.text(text)
    return time.process_time() - start


def grows_with_its_length(small: str, large: str) -> bool:
    """Whether eight times the text takes at most twelve times as long as its neighbours in time: machines change speed."""
    before = seconds(small)
    for _ in range(8):
        longest = seconds(large)
        after = seconds(small)
        # What takes next to no time is measured against a floor: noise is no growth.
        if longest <= 12 * max((before + after) / 2, 0.002):
            return True
        before = after
    return False


def repeated(unit: str, size: int) -> str:
    return (unit * (size // len(unit) + 1))[:size]


@pytest.mark.parametrize("unit", UNITS, ids=ascii)
def test_time_grows_with_the_length(unit: str) -> None:
    assert grows_with_its_length(repeated(unit, SIZE), repeated(unit, SIZE * 8))


def test_no_example_of_a_rule_is_slow_when_it_is_repeated() -> None:
    usual = min(seconds(repeated("password=Tr0ub4dor&3 mail ann@example.org ", SIZE)) for _ in range(3))
    for rule in catalogue():
        for text in (rule.examples[0], rule.examples[0][:-2], rule.counterexamples[0] or " "):
            took = min(seconds(repeated(text, SIZE)) for _ in range(2))
            assert took <= 15 * max(usual, 0.002), rule.name


@pytest.mark.parametrize("form", ["password=x{} ", "password%253Dx{} ", "пароль=é{} ", '"token": "{}q7Zk2Xw9Lr4T", '])
def test_many_names_each_with_a_value_of_its_own(form: str) -> None:
    text = "".join(form.format(number) for number in range(SIZE))
    assert grows_with_its_length(text[:SIZE], text[: SIZE * 8])


@pytest.mark.parametrize(
    "header",
    ["-----BEGIN RSA PRIVATE KEY-----\n", "password=", 'password="', "Authorization: Digest ", "Cookie: a="],
)
def test_something_long_that_never_ends(header: str) -> None:
    run = repeated("MIIEpAIBAAKCAQEA7", SIZE * 8)
    assert grows_with_its_length(header + run[:SIZE], header + run)


def test_several_private_keys_that_never_end() -> None:
    one = "-----BEGIN RSA PRIVATE KEY-----\n" + repeated("MIIEpAIBAAKCAQEA7", SIZE)
    assert grows_with_its_length(one, one * 8)
