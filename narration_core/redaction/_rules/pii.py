"""Personal data: e-mail addresses, phone numbers, payment cards, bank accounts, US tax numbers; addresses on request."""

import re
from typing import Final

from narration_core.redaction._checks import card, iban
from narration_core.redaction._rule import Rule

_NOT_MAIL: Final = frozenset(
    [
        "local",
        "internal",
        "lan",
        "localhost",
        "localdomain",
        "svc",
        "cluster",
        "home",
        "corp",
        "intranet",
        "invalid",
        "git",
        "py",
        "js",
        "ts",
        "go",
        "rs",
        "rb",
        "so",
        "png",
        "jpg",
        "jpeg",
        "gif",
        "svg",
        "webp",
        "css",
        "html",
        "json",
        "yaml",
        "yml",
        "toml",
        "md",
        "txt",
        "service",
        "scope",
        "target",
        "mount",
    ]
)


def _mail(text: str) -> bool:
    local, _, domain = text.rpartition("@")
    labels = domain.lower().rstrip(".").split(".")
    if not any(map(str.isalnum, local)) or labels[-1] in _NOT_MAIL:
        return False
    # "service@1.2.dev" is a version; 163.com and its like carry mail for many.
    return any(map(str.isalpha, labels[0])) or (len(labels[0]) >= 3 and labels[1:] in (["com"], ["cn"], ["net"]))


def _us_phone(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return 10 <= len(digits) <= 13 and digits[-10:-7] != digits[-7:-4] + "x" and not digits.startswith("000")


def _international(text: str) -> bool:
    return 8 <= sum(char.isdigit() for char in text) <= 15


def _labelled_phone(text: str) -> bool:
    return 8 <= sum(map(str.isdigit, text)) <= 15 and _DATE.match(text) is None


def _encoded_mail(text: str) -> bool:
    return _mail(text.replace("%40", "@"))


def _ssn(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return digits[:3] not in {"000", "666"} and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000"


def _itin(text: str) -> bool:
    group = int(re.sub(r"\D", "", text)[3:5])
    return 50 <= group <= 65 or 70 <= group <= 88 or 90 <= group <= 92 or 94 <= group <= 99


def _ipv6(text: str) -> bool:
    return text.count(":") >= 2 and any(char.isalnum() for char in text) and text.count("::") <= 1


_DATE: Final = re.compile(
    r"\(?(?:19|20)\d\d[-./ ]\d\d?[-./ ]\d\d?|\(?\d\d?[./-]\d\d?[./-](?:19|20)\d\d|\d{1,3}(?:\.\d{1,3}){3}"
)

# One simple pattern for all that is mostly digits: a second one would cost every event as much as the first.
_NUMBERS: Final = (
    r"[1-6][0-9]{11}|[0-9]{3}[ .\-)]{1,2}[0-9]{2,4}[ .\-][0-9]{4}|[0-9]{4}[ \-][0-9]{4}[ \-][0-9]{4}"
    r"|3[0-9]{3}[ \-][0-9]{6}[ \-]|[A-Z][A-Z][0-9][0-9][ \-]?[A-Z0-9]{4}|\+[1-9][0-9 .()\-]{7}|0[0-9]{1,2}-[0-9]{7}|00[1-9][0-9]?[ \-][0-9 \-]{8}"
)

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        name="email",
        # Anchored at the "@", read in both directions: a run of characters without an "@" costs nothing.
        pattern=r"(?i)(?<=(?<![\w.+%\-:@!#$&*=?^`{|}~])(?<!(?:[^\w]|^)/)(?<!//[\w.\-]{1,64}/)(?P<s>[\w.+%\-!#$&*=?^`{|}~]{1,64}))(?P<d>@(?:[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?\.){1,8}+(?:[a-z]{2,24}|xn--[a-z0-9\-]{2,59})(?![\w\-]|\.\w|@|:[\w~/]))",
        shapes=(r"@[0-9\-]*[A-Za-z][A-Za-z0-9\-]*\.", r"@[0-9]{3}[0-9]*\.[a-z]"),
        check=_mail,
        examples=(
            "mail for ann.other@example.org came",
            '{"contact": "b+list@mail.example.co.uk"}',
            "to someone@163.com",
            "GET /users/ann.other@example.org/cart",
        ),
        counterexamples=(
            "git@git.example.org:a/b.git",
            "image app@v1.2.3",
            "decorator @app.route",
            "build@host01:/srv",
            "ssh://git@git.example.org/a/b.git",
            "icons/logo@2x.png",
        ),
        source="RFC 5322, section 3.4.1, as far as people use it",
    ),
    Rule(
        name="email-encoded",
        pattern=r"(?i)(?<![\w.+%\-])(?P<s>[\w.+\-]{1,64}%40(?:[a-z0-9](?:[a-z0-9\-]{0,61}[a-z0-9])?\.){1,8}+[a-z]{2,24})(?![\w\-]|\.\w)",
        literals=("%40",),
        check=_encoded_mail,
        examples=("/search?mail=ann.other%40example.org&n=1", "to b_list%40mail.example.co.uk"),
        counterexamples=("name%40host", "app%40v1.2.3"),
        source="RFC 5322 in RFC 3986",
    ),
    Rule(
        name="phone",
        pattern=r"(?<![\w.+\-/])(?P<s>(?:\+?1[ .\-]?|\+?91[ .\-])?(?:\([2-9]\d\d\)[ ]?[2-9]\d\d[ .\-]|[2-9]\d\d(?P<g>[ .\-])[2-9]\d\d(?P=g))\d{4})(?![\w]|[.\-]\d)",
        shapes=(_NUMBERS,),
        check=_us_phone,
        examples=("call (212) 555-0187 now", "phone=646-555-0123"),
        counterexamples=("range 100-200-3000", "part 671-7146-9152-74", "version 202-555.0143-rc1"),
        source="North American Numbering Plan",
    ),
    Rule(
        name="phone-international",
        pattern=r"(?<![\w+./])(?<!==)(?P<s>(?:\+[1-9]|00(?:1|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|7|8[1246]|9[0-58])(?=[ \-]))\d{0,2}(?:[ .\-]?\(?\d{1,5}\)?){2,6}+)(?![\w]|[.\-:]\d)",
        shapes=(_NUMBERS,),
        check=_international,
        examples=("call +44 20 7946 0018 now", "phone: +4930123456"),
        counterexamples=("torch 2.4.1+121", "+5 points", "offset +0100"),
        source="ITU-T E.164",
    ),
    Rule(
        name="phone-national",
        pattern=r"(?<![\w.\-+/:])(?P<s>\(?0[1-9]\d{0,2}\)?(?:-\d{3,4}-\d{4}|-\d{7}))(?![\w]|[.\-]\d)",
        shapes=(_NUMBERS,),
        examples=("call 090-5550-0187 today", "tel 09-5550187"),
        counterexamples=("00-12-34", "part 0123-45", "serial 0001-2233-4455"),
        source="ITU-T E.123, national notation",
    ),
    Rule(
        name="phone-labelled",
        pattern=r"(?i)(?<![a-z])(?:(?:tele)?phone|mobile|tel|telefon(?:nummer)?|t.l.phone|handy|cell|fax|whatsapp|msisdn)(?:[_ ]?(?:number|num|no|nr))?\.?\\?[\"']?\s{0,2}[:=]?\s{0,3}\\?[\"']?(?P<s>[+(]?\d(?:[\d ().\-/]{6,20})\d)(?![\w]|[.\-]\d)",
        shapes=(
            r"(?:[Pp]hone|PHONE|[Mm]obile|MOBILE|[Tt]el|TEL|[Tt]elefon|phon.|[Hh]andy|[Cc]ell|[Ff]ax|[Ww]hats[Aa]pp|msisdn|MSISDN)[a-zA-Z_ ]{0,8}[.:=\\\"' ]{1,6}[+(]?[0-9][0-9 ().\-/]{7}",
        ),
        check=_labelled_phone,
        examples=("Tel. 020 7946 0018", '{"phone_number": "2125550187"}'),
        counterexamples=("phone: 12345", "cell 2024-06-01 10:00", "hotel 123 456 789"),
        source="ITU-T E.123",
    ),
    Rule(
        name="card",
        pattern=r"(?<![\w.\-+/])(?P<s>\d{4}(?P<g>[ \-])\d{4}(?P=g)\d{4}(?P=g)\d{1,7}|\d{4}(?P<h>[ \-])\d{6}(?P=h)\d{4,5}|[1-6]\d{11,18})(?![\w\-]|\.\d)",
        shapes=(_NUMBERS,),
        check=card,
        examples=("card 4242 4242 4242 4242 declined", "pan=5105105105105100"),
        counterexamples=("ts=1772592095897", "card 4242 4242 4242 4241", "id 986100000000000"),
        source="ISO/IEC 7812-1",
    ),
    Rule(
        name="iban",
        pattern=r"(?<![\w])(?P<s>[A-Z]{2}\d{2}(?:[ \-]?[A-Z0-9]{4}){2,7}(?:[ \-]?[A-Z0-9]{1,4})?)(?![A-Za-z0-9])",
        shapes=(_NUMBERS,),
        check=iban,
        examples=("to DE02120300000000202051 today", "GB33 BUKB 2020 1555 5555 55"),
        counterexamples=("GB33 BUKB 2020 1555 5555 56", "AB12CDEF34567890", "DE02"),
        source="ISO 13616, SWIFT IBAN registry",
    ),
    Rule(
        name="ssn",
        pattern=r"(?<![\w.\-])(?P<s>\d{3}(?P<g>[ .\-])\d{2}(?P=g)\d{4})(?![\w]|[.\-]\d)",
        shapes=(_NUMBERS,),
        check=_ssn,
        examples=("ssn 212-09-9999 on file", "219 09 9998"),
        counterexamples=("000-12-3456", "078-05-0000", "shard 12-34-56-78"),
        source="US Social Security Administration, number randomization",
    ),
    Rule(
        name="itin",
        pattern=r"(?<![\w.\-])(?P<s>9\d\d(?P<g>[ \-])\d{2}(?P=g)\d{4})(?![\w]|[.\-]\d)",
        shapes=(_NUMBERS,),
        check=_itin,
        examples=("tax id 912-71-1234", "900-88-7654 filed"),
        counterexamples=("912-89-1234", "812-71-12345"),
        source="US Internal Revenue Service, ITIN",
    ),
    Rule(
        name="ipv4",
        pattern=r"(?<![\w.])(?P<s>(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:/\d{1,2})?)(?![\w]|\.\d)",
        shapes=(r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]",),
        examples=("peer 192.0.2.17 left", "198.51.100.4:8080"),
        counterexamples=("256.256.256.256", "version 1.2.3"),
        source="RFC 791",
        optional=True,
    ),
    Rule(
        name="ipv6",
        pattern=r"(?i)(?<![\w:.])(?P<s>(?:[0-9a-f]{1,4}|:)(?::[0-9a-f]{0,4}){2,8}(?::?\d{1,3}(?:\.\d{1,3}){3})?(?:%\w{1,16})?(?:/\d{1,3})?)(?![\w])",
        shapes=(r"[0-9a-fA-F]?:[0-9a-fA-F]{0,4}:[0-9a-fA-F:]",),
        check=_ipv6,
        examples=("peer 2001:db8::17 left", "[fe80::1%eth0]:443"),
        counterexamples=("12:34", "a::b::c is none"),
        source="RFC 4291, section 2.2",
        optional=True,
    ),
    Rule(
        name="mac",
        pattern=r"(?<![\w:\-])(?P<s>[0-9A-Fa-f]{2}(?P<g>[:\-])(?:[0-9A-Fa-f]{2}(?P=g)){4}[0-9A-Fa-f]{2})(?![\w:\-])",
        shapes=(r"[0-9A-Fa-f]{2}[:\-][0-9A-Fa-f]{2}[:\-][0-9A-Fa-f]{2}[:\-][0-9A-Fa-f]{2}[:\-]",),
        examples=("mac 02:00:5e:10:00:01 up", "02-00-5E-10-00-02"),
        counterexamples=("02:00:5e", "02:00-5e:10:00:01"),
        source="IEEE 802",
        optional=True,
    ),
    Rule(
        name="uuid",
        pattern=r"(?<![\w\-])(?P<s>[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12})(?![\w\-])",
        shapes=(r"[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-",),
        examples=("id 6f1e0d3c-1b2a-4c5d-8e9f-0a1b2c3d4e5f", "(7a1e0d3c-1b2a-4c5d-8e9f-0a1b2c3d4e5a)"),
        counterexamples=("6f1e0d3c-1b2a", "not-a-uuid"),
        source="RFC 9562",
        optional=True,
    ),
)
