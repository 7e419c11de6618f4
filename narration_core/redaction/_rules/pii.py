"""Personal data: e-mail addresses, phone numbers, payment cards, bank accounts, US tax numbers; addresses on request."""

import re
from typing import Final

from narration_core.redaction._checks import card, iban, plain_hex
from narration_core.redaction._phone_numbers import plausible_international, plausible_national
from narration_core.redaction._rule import Rule

# Ends of names that are not domains: machines of one network, units of systemd, files, versions.
_NOT_MAIL: Final = frozenset(
    (
        "local internal lan localhost localdomain svc cluster home corp intranet invalid default git py js ts go rs rb so "
        "png jpg jpeg gif svg webp css html json yaml yml toml md txt xml csv log conf cfg ini lock patch diff tar gz jar "
        "class java cpp exe dll pid tmp bak img iso service scope target mount socket timer device swap slice path beta "
        "alpha rc snapshot final release"
    ).split()
)
# Owners of names of algorithms and extensions: `aes256-gcm@openssh.com` (RFC 4251, section 6).
_PROTOCOL_OWNERS: Final = frozenset(
    {"openssh.com", "libssh.org", "libssh2.org", "ssh.com", "lysator.liu.se", "putty.projects.tartarus.org"}
)


# The id of a message in a queue: a time and a number.
_QUEUED: Final = re.compile(r"\d{8,}\.[0-9A-F]{6,}")


def _mail(text: str) -> bool:
    local, _, domain = text.rpartition("@")
    domain = domain.lower().rstrip(".")
    if domain.startswith("["):
        return True
    labels = domain.split(".")
    if _QUEUED.fullmatch(local) or local.lower().endswith(domain):  # HTTP/web.example.org@EXAMPLE.ORG
        return False
    if not any(map(str.isalnum, local)) or labels[-1] in _NOT_MAIL or domain in _PROTOCOL_OWNERS:
        return False
    first = labels[0]
    if plain_hex(first) and 5 <= len(first) <= 8 and any(map(str.isdigit, first)) and len(labels) == 2:
        return len(labels[1]) < 4  # Object@1b2c3d.method
    # "service@1.2.dev" is a version; 163.com and its like carry mail for many.
    return any(map(str.isalpha, first)) or (len(first) >= 3 and labels[1:] in (["com"], ["cn"], ["net"]))


def _us_phone(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return 10 <= len(digits) <= 13 and digits[-10:-7] != digits[-7:-4] + "x" and not digits.startswith("000")


def _labelled_phone(text: str) -> bool:
    return 8 <= sum(map(str.isdigit, text)) <= 15 and _DATE.match(text) is None and text.count(".") != 1


def _called_phone(text: str) -> bool:
    return plausible_national(text) and _DATE.match(text) is None


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
    r"\(?(?:19|20)\d\d[-./ ]\d\d?[-./ ]\d\d?|\(?\d\d?[./-]\d\d?[./-](?:19|20)\d\d|\d{1,3}(?:\.\d{1,3}){3}(?![.\d])"
)

# A run of digits alone opens no gate: what is looked for is a number's layout, or a card's range and length.
_BEFORE: Final = r"(?:^|[^\w.\-+/])"
# First digits by length, in one pattern: several would cost every event as much as the first.
_CARD_RANGES: Final = r"(?:(?:4[0-9]|5[0-5]|2[2-7]|35|6[0245])[0-9]{2}|3[47][0-9]|1[0-25-9][0-9]|3[0689])[0-9]{12}"
_AREAS: Final = _BEFORE + r"[0-9]{3}[ .\-][0-9]{2}[ .\-][0-9]{4}"
# An id, a place or a measure is told by the word before it.
_COUNTED: Final = (
    r"(?<!(?<![a-z])(?:(?:[\w.]{0,40}[_.\-])?(?:id|ids|seq|sequence|row|rows|offset|offsets|imei|imsi|iccid|thread|tid|pid|trace|span|blk|block|order|"
    r"job|task|request|req|msg|message|serial|key|time|ts|timestamp|nanos|inode|size|bytes|count|len|length|addr|address|ptr|handle|"
    r"version|build|hash|ean|gtin|sku|isbn|tracking|uid|gid|zxid|tx|txn|session|lsn|xid|cursor|snowflake|partition|seed|nonce|tick|ticks|clock))"
    r"[\"']?(?:[ ]?[:=\#][ ]?|[ ]\#?|\()[\"']?)"
)
_UNIT: Final = r"(?![ ]?(?:bytes?|rows?|lines?|items?|records?|points?|requests?|users?|events?|[mun\u00b5]?s|sec(?:onds?)?|min|hz|[kmgt]i?b|px|%)(?![a-z]))"

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        name="email",
        # Anchored at the "@", read in both directions: a run of characters without an "@" costs nothing.
        pattern=r"(?i)(?<=(?<![\w.+%\-@!#$&*=?^`{|}~])(?<!//[\w.\-]{0,64}:)(?<!(?:[^\w]|^)/)(?<!//[\w.\-]{1,64}/)(?<!(?:message-?id|msg-?id|in-reply-to|references)[\"']?[:=][ ]?[\"']?<)(?P<s>[\w.+%\-!#$&*=?^`{|}~\u00a1-\u024f]{1,64}|\"[^\"@\r\n=:,{}\[\]]{1,64}\"))(?P<d>@(?:(?:[a-z0-9\u00a1-\ufaff](?:[a-z0-9\-\u00a1-\ufaff]{0,61}[a-z0-9\u00a1-\ufaff])?\.(?=[a-z0-9\u00a1-\ufaff])){1,8}+(?:[a-z]{2,24}|xn--[a-z0-9\-]{2,59}|[\u00a1-\u2fff]{2,24})(?![\w\-]|\.\w|:[a-z~/])|\[(?:\d{1,3}(?:\.\d{1,3}){3}|ipv6:[0-9a-f:.]{2,45})\]))",
        shapes=(
            r"@[0-9\-]*[A-Za-z][A-Za-z0-9\-]*\.",
            r"@[0-9]{3}[0-9]*\.[a-z]",
            r"@[\w\-]*[^\x00-\x7f]",
            r"@\[(?:[0-9]|IPv6)",
        ),
        check=_mail,
        examples=(
            "mail for ann.other@example.org came",
            '{"contact": "b+list@mail.example.co.uk"}',
            "to someone@163.com",
            "GET /users/ann.other@example.org/cart",
            "written to ann.other@example.org. Then it slept",
            "mail:ann.other@example.org",
            'from "ann other"@example.org',
            "für jörg@bücher.example",
            "relay=ann@[192.0.2.1]",
            "ann.other@example.org@https://example.net",
        ),
        counterexamples=(
            "git@git.example.org:a/b.git",
            "image app@v1.2.3",
            "decorator @app.route",
            "build@host01:/srv",
            "ssh://git@git.example.org/a/b.git",
            "icons/logo@2x.png",
            "kex curve25519-sha256@libssh.org, chacha20-poly1305@openssh.com",
            "postfix/cleanup: message-id=<20260102030405.4A5B6C@mail.example.org>",
            "queued <38339943603777.086E198965@mail.example.org>",
            "rabbit@queue-0.queue-nodes.default",
            "ticket for HTTP/web.example.org@EXAMPLE.ORG",
            "com.example.Server@1b2c3d4.start",
        ),
        source="RFC 5322, section 3.4.1, as far as people use it; RFC 6531",
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
        name="email-spelled",
        pattern=r"(?i)(?<![\w.+\-])(?P<s>[\w.+\-]{1,64}[ ]?(?:\[at\]|\(at\))[ ]?(?:[a-z0-9\-]{1,63}(?:\.|[ ]?(?:\[dot\]|\(dot\))[ ]?)){1,4}[a-z]{2,24})(?!\w)",
        literals=("[at]", "(at)"),
        examples=("write to ann[at]example.org", "ann (at) mail (dot) example (dot) org"),
        counterexamples=("pinned (at) version 2", "x[at] = y.z"),
        source="usual spellings on pages",
    ),
    Rule(
        name="phone",
        pattern=r"(?<![\w.+\-/])(?<!\d[ ])(?P<s>(?:(?:\+?1[ .\-]?|\+?91[ .\-])?(?:\([2-9]\d\d\)[ ]?[2-9]\d\d[ .\-]|[2-9]\d\d(?P<g>[.\-])[2-9]\d\d(?P=g))\d{4}|\+?(?:1|91)[ .\-][2-9]\d\d[ ][2-9]\d\d[ ]\d{4}))(?![\w]|[.\-]\d|[ ]\d{1,20}(?![\w.)]))",
        shapes=(r"[2-9][0-9]{2}(?:\)[ ]?|[ .\-])[2-9][0-9]{2}[ .\-][0-9]{4}",),
        check=_us_phone,
        examples=("call (212) 555-0187 now", "phone=646-555-0123"),
        counterexamples=(
            "range 100-200-3000",
            "part 671-7146-9152-74",
            "version 202-555.0143-rc1",
            "columns 212 555 2187 11 4",
            "columns 7 212 555 2187",
            "failed tests: 571 612 2056",
        ),
        source="North American Numbering Plan",
    ),
    Rule(
        name="phone-international",
        pattern=r"(?<![\w+./\-])(?<!==)(?<!(?:delta|diff|drift|skew|offset|pos|lat|lon|lng)[:= ]{1,2})(?P<s>(?:\+[1-9]|00(?:1|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|7|8[1246]|9[0-58])(?=[ ]))\d{0,2}(?:[ .\-]?\(?\d{1,5}\)?){2,6}+)(?![\w]|[.\-:]\w)"
        + _UNIT,
        shapes=(
            r"\+[1-9][0-9]{7,14}(?:$|[^0-9.]|\.(?:$|[^0-9]))",
            r"\+[1-9][0-9]{0,8}[ \-(][0-9 .()\-]{5}",
            r"\+[1-9][0-9]{0,8}\.[0-9]{1,5}[ .\-(][0-9]",
            _BEFORE + r"00[1-9][0-9]? [0-9]{1,5}[ \-][0-9 \-]{4}",
        ),
        check=plausible_international,
        examples=("call +44 20 7946 0018 now", "phone: +4930123456", "dial 0049 30 1234567", "tel:+12125550187"),
        counterexamples=(
            "torch 2.4.1+121",
            "+5 points",
            "offset +0100",
            "m=+12.656602901",
            "pos +23.430252,-48.321882",
            "+4930123456 bytes",
            "disk 6f1e0d3c-0049-1512-3456-0a1b2c3d4e5f",
            "grew by +1129390254",
        ),
        source="ITU-T E.164",
    ),
    Rule(
        name="phone-national",
        pattern=r"(?<![\w.\-+/:])(?P<s>\(?0[1-9]\d{0,2}\)?(?:-\d{3,4}-\d{4}|-\d{7}))(?![\w]|[.\-]\d)",
        shapes=(_BEFORE + r"\(?0[1-9][0-9]{0,2}\)?-(?:[0-9]{3,4}-[0-9]{4}|[0-9]{7})",),
        examples=("call 090-5550-0187 today", "tel 09-5550187"),
        counterexamples=("00-12-34", "part 0123-45", "serial 0001-2233-4455"),
        source="ITU-T E.123, national notation",
    ),
    Rule(
        name="phone-called",
        # Calling is said of numbers, functions and procedures: the number must be laid out as people write it.
        pattern=r"(?i)(?<![a-z_])(?:call|called|calling|dial(?:led|ed|ing)?|ring|rang|texted|text|sms(?:[ ]sent)?|contact|reach(?:ed)?|whats?app(?:ed)?|phone[sd]?|hotline|helpline|llam[ae]|appele[rz]?|anrufen|ruf)(?:[ ](?:me|us|him|her|them|back|at|on|is|was|to|from|under|via|al|au|an|the|our|my|customer|support|office|number|no\.?)){0,3}[ :=]{1,3}(?P<s>[+(]?\d(?:[\d ().\-/]{6,20})\d)(?![\w]|[.\-]\d)",
        shapes=(
            r"(?:^|[^A-Za-z_])(?:[Cc]all|CALL|[Dd]ial|[Rr]ing|[Rr]ang|[Tt]ext|[Ss][Mm][Ss]|[Cc]ontact|[Rr]each|[Hh]otline|[Hh]elpline|[Pp]hone|[Ww]hats|[Ll]lam|[Aa]ppele|[Aa]nruf|[Rr]uf)[a-z]{0,6}[a-z.: =]{1,24}[+(]?[0-9][0-9 ().\-/]{6}",
        ),
        check=_called_phone,
        examples=(
            "call 030 555018 now",
            "call me on 06.55.50.18.70",
            "dialled 8 (495) 555-01-87",
            "text us at 0411 555 018",
        ),
        counterexamples=("call 20260102123", "call 12345678.90", "calls 10 20 30", "call 1117838570 returned"),
        source="ITU-T E.123, national notation",
    ),
    Rule(
        name="phone-labelled",
        pattern=r"(?i)(?<![a-z])(?:(?:tele)?phone|mobile|mob|gsm|tel|telefon(?:o|nummer|e)?|t.l.phone|handy|rufnummer|cellulare|celular|cell|fax|whatsapp|msisdn)(?:[_ ]?(?:number|num|no|nr))?\.?[\"']?\s{0,2}[:=]?\s{0,3}[\"']?(?P<s>[+(]?\d(?:[\d ().\-/]{6,20})\d)(?![\w]|[.\-]\d)",
        shapes=(
            r"(?:^|[^A-Za-z])(?:[Tt]ele)?(?:[Pp]hone|PHONE|[Mm]obile|MOBILE|[Mm]ob|[Gg]sm|GSM|[Tt]el|TEL|[Tt]elefon|phon.|[Hh]andy|[Rr]ufnummer|[Cc]ell|[Cc]elul|[Ff]ax|[Ww]hats[Aa]pp|msisdn|MSISDN)[a-zA-Z_ ]{0,8}[.:=\"' ]{1,6}[+(]?[0-9][0-9 ().\-/]{7}",
        ),
        check=_labelled_phone,
        examples=("Tel. 020 7946 0018", '{"phone_number": "2125550187"}', "gsm: 0655501870"),
        counterexamples=("phone: 12345", "cell 2024-06-01 10:00", "hotel 123 456 789", "tel 123456.789012"),
        source="ITU-T E.123",
    ),
    Rule(
        name="card",
        # By its grouping, or by the range and length of an issuer where nothing says that it counts or names something.
        pattern=r"(?i)(?<![\w.\-+/])(?P<s>(?<!\d[ ])\d{4}(?P<g>[ .\-])\d{4}(?P=g)\d{4}(?P=g)\d{1,7}(?![ ]\d{4})|\d{4}(?P<h>[ .\-])\d{6}(?P=h)\d{4,5}|(?=[1-6]\d{13})"
        + _COUNTED
        + r"(?<!\d{5}[ ])(?:[2-6]\d{15}|3[47]\d{13}|1[0-25-9]\d{13}|3[0689]\d{12})(?![ ]\d{5}))(?![\w\-]|\.\d)"
        + _UNIT,
        shapes=(
            r"[0-9]{4}[ .\-][0-9]{4}[ .\-][0-9]{4}[ .\-][0-9]",
            r"3[0-9]{3}[ .\-][0-9]{6}[ .\-][0-9]{4}",
            _BEFORE + _CARD_RANGES,
        ),
        check=card,
        examples=("card 4242 4242 4242 4242 declined", "pan=5105105105105100", "paid with 4242.4242.4242.4242"),
        counterexamples=(
            "ts=1772592095897",
            "card 4242 4242 4242 4241",
            "id 986100000000000",
            "trace_id=4242424242424242",
            "blk_4242424242424242",
            "[Thread 140265851653436] started",
            "moved 4242424242424242 bytes",
            "quanta 2650 1514 1514 1514 1514 1514",
            "columns 58510985854688 4242424242424242 749139015",
        ),
        source="ISO/IEC 7812-1",
    ),
    Rule(
        name="card-labelled",
        pattern=r"(?i)(?<![a-z])(?:(?:credit|debit|bank|payment)?[_\- ]?card|pan|ccn?(?:um(?:ber)?)?|credit|debit|visa|master(?:card)?|amex|maestro|discover|diners|pay(?:ment)?s?|kreditkarte|carte|tarjeta)(?:[_\- ]?(?:number|num|no|nr|pan))?[\"']?[ ]?[:=_/#\- ][ ]?[\"']?(?P<s>\d{4}[ .\-]?\d{4,6}[ .\-]?\d{4,5}(?:[ .\-]?\d{1,7})?)(?!\d|\.\d)|%B(?P<s>\d{13,19})(?=\^)",
        shapes=(
            r"(?:^|[^A-Za-z])(?:[A-Za-z]{0,8}[_\- ]?[Cc]ard|CARD|pan|PAN|[Cc]cn?(?:um)?|CC|[Vv]isa|VISA|[Mm]aster|[Aa]mex|AMEX|[Mm]aestro|[Cc]redit|[Dd]ebit|[Pp]ay|PAY|[Kk]arte|[Cc]arte|[Tt]arjeta|[Dd]iscover|[Dd]iners)[a-zA-Z_]{0,10}[\"' :=_/#\-]{1,5}[0-9]{4}[ .\-]?[0-9]{4}",
        ),
        literals=("%b2", "%b3", "%b4", "%b5", "%b6"),
        check=card,
        examples=("GET /pay/4242424242424242/receipt", "visa_4222222222222", "%B4242424242424242^OTHER/ANN^2912"),
        counterexamples=("payment 20260102030405", "card 1234567812345678", "pay_1772592095897"),
        source="ISO/IEC 7812-1",
    ),
    Rule(
        name="iban",
        pattern=r"(?<![\w])(?P<s>[A-Z]{2}\d{2}(?:[ .\-]?[A-Z0-9]{4}){2,7}(?:[ .\-]?[A-Z0-9]{1,4})?|[a-z]{2}\d{2}(?:[ ][a-z0-9]{4}){2,7}(?:[ ][a-z0-9]{1,4})?)(?![A-Za-z0-9])",
        shapes=(
            r"(?:^|[^\w])[A-Z]{2}[0-9]{2}[ .\-]?[A-Z0-9]{4}[ .\-]?[A-Z0-9]{4}",
            r"(?:^|[^\w])[a-z]{2}[0-9]{2} [a-z0-9]{4} [a-z0-9]{4} ",
        ),
        check=iban,
        examples=("to DE02120300000000202051 today", "GB33 BUKB 2020 1555 5555 55", "de02 1203 0000 0000 2020 51"),
        counterexamples=("GB33 BUKB 2020 1555 5555 56", "AB12CDEF34567890", "DE02"),
        source="ISO 13616, SWIFT IBAN registry",
    ),
    Rule(
        name="iban-labelled",
        pattern=r"(?i)\biban[\"']?[ ]?[:=]?[ ]?[\"']?(?P<s>[a-z]{2}[ ]?\d{2}(?:[ .\-]?[a-z0-9]{4}){2,7}(?:[ .\-]?[a-z0-9]{1,4})?)(?![A-Za-z0-9])",
        literals=("iban",),
        check=iban,
        examples=("IBAN: de02120300000000202051", "iban=gb33bukb20201555555555"),
        counterexamples=("iban: gb33bukb20201555555556", "iban is missing"),
        source="ISO 13616, SWIFT IBAN registry",
    ),
    Rule(
        name="ssn",
        pattern=r"(?i)\b(?:ssn|social security(?: (?:number|no\.?|#))?)[ :#=]{1,3}(?P<s>\d{9})(?!\w)|(?<![\w.\-])(?<!\d[ ])(?P<s>\d{3}(?P<g>[ .\-])\d{2}(?P=g)\d{4})(?![\w]|[.\-]\d|[ ]\d{1,20}(?![\w.)]))",
        shapes=(_AREAS,),
        literals=("ssn ", "ssn:", "ssn=", "ssn#", "social security"),
        check=_ssn,
        examples=("ssn 212-09-9999 on file", "219 09 9998", "SSN: 219099998"),
        counterexamples=("000-12-3456", "ssn 000123456", "assn 219099998", "078-05-0000", "shard 12-34-56-78"),
        source="US Social Security Administration, number randomization",
    ),
    Rule(
        name="itin",
        pattern=r"(?<![\w.\-])(?<!\d[ ])(?P<s>9\d\d(?P<g>[ \-])\d{2}(?P=g)\d{4})(?![\w]|[.\-]\d)",
        shapes=(_AREAS,),
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
