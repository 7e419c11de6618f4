"""Passwords, codes and keys that people and programs tell in a sentence, with other words between the name and the value."""

from typing import Final

from narration_core.redaction._checks import plain_hex, random_looking, typed, uuid_like
from narration_core.redaction._rule import Rule, made_up

_WORDS: Final = r"pass(?:word|phrase|code|wd)s?"
# A word with a sign inside and a digit, or a digit in place of a letter in a word.
_UNUSUAL: Final = (
    r"(?=[^\s]{0,40}[A-Za-z])(?=[^\s]{0,40}\d)(?=[^\s]{1,40}(?:[!#%^&*]|\$(?!\d))[^\s]|[^\s]{0,30}(?<![A-Za-z\d])[A-Za-z]{1,3}[013457][a-z]{2,20}(?![a-z\d]))"
    r"(?P<s>[^\s\"'`/\\()\[\]{}<>=:|,;]{7,48}+)"
)
_LOGIN: Final = r"(?:log|sign)(?:[ -]?(?:in|on)|ged[ ]in)"


def _random(value: str) -> bool:
    return random_looking(value, 16, 0.4) and not plain_hex(value) and not uuid_like(value)


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        name="changed-password",
        # What it was and what it is: password (old: ..., new: ...), password changed: '...' => '...'.
        pattern=rf"(?i)[:=](?<=[ (,{{\[\"'](?:changed|updated|replaced|rotated|old|new|was|now|from|to|before|after|current|previous)[\"']?[ ]?[:=])(?<=pass[^\r\n=}}]{{0,80}}[:=])(?<={_WORDS}\b[^\r\n=}}]{{0,70}}[\"']?[ ]?[:=])[ ]?[\"']?(?P<s>[^\s\"',;()]{{4,128}}+)|(?i){_WORDS}\b[^\r\n:=]{{0,60}}[:=][ ]?(?:\"[^\"\r\n]{{0,128}}\"|'[^'\r\n]{{0,128}}'|[^\s\"']{{1,128}})[ ]?(?:-{{1,2}}>|=>|~>|→)[ ]?[\"']?(?P<s>[^\s\"',;()]{{4,128}}+)",
        shapes=(
            r"[Pp]ass(?:word|phrase|code|wd)[^\r\n=]{0,80}[ (,{\[\"'](?:changed|updated|replaced|rotated|old|new|was|now|from|to|before|after|current|previous)[\"']?[ ]?[:=]",
            r"[Pp](?:ass|ASS)(?:word|WORD|phrase|code|wd|WD)[^\r\n]{0,80}[:=][^\r\n]{0,80}(?:->|=>|~>|→)",
        ),
        check=typed,
        examples=("password (old: t1n-whistle)", "diff: password: (sensitive) -> w1nd!mill"),
        counterexamples=(
            "password (old: expired, new: valid)",
            "password: x -> y",
            "password policy (new: version 2)",
            "password: (sensitive) -> (sensitive)",
        ),
        source="usual messages about changes; terraform plans",
    ),
    Rule(
        name="login-sentence",
        pattern=rf"(?i)\b{_LOGIN}[ ](?:as|with|using)[ ](?:the[ ])?(?:user[ ]|account[ ])?[\w.\-@]{{1,64}}[ ]?(?:with|and|using|/|,|:)[ ]?(?:the[ ]|password[ ]|pw[ ])?[\"'`]?(?P<s>[^\s\"'`]{{6,128}}+)|(?i)\b(?:{_LOGIN}|creds|credentials)[ ]?:?[ ][\w.\-@]{{1,64}}(?:/|[ ]?\|[ ]?)[\"'`]?(?P<s>[^\s\"'`|]{{6,128}}+)|(?i)\b(?:wi-?fi|wlan|ssid|hotspot)\b[^\r\n]{{0,48}}?[ ]?[/:,=][ ][\"'`]?(?P<s>[^\s\"'`]{{8,63}}+)(?<!:)",
        shapes=(
            r"(?:log|Log|sign|Sign)(?:[ \-]?(?:in|on)|ged[ ]in)[ ](?:as|with|using)[ ][^\r\n]{0,80}(?:with|and|using|/|,|:)",
            r"(?:login|Login|log in|log-in|[Cc]reds|[Cc]redentials)[ ]?:?[ ][\w.\-@]{1,80}(?:/|[ ]?\|[ ]?)[\"'`]?[!-~]{6}",
            r"(?:wifi|wi-fi|Wifi|WiFi|Wi-Fi|WIFI|WLAN|wlan|SSID|ssid|[Hh]otspot)[^\r\n]{0,80}[/:,=][ ][\"'`]?[!-~]{8}",
        ),
        check=typed,
        examples=("you can log in as ann with t1n-whistle", "wifi: Guest / w1nd!mill"),
        counterexamples=(
            "logged in as ann with key7",
            "login ann/10 attempts",
            "wlan0: SSID home, channel 36",
            "wifi: rtl8192cu: firmware is missing",
            "credentials for ann / bob7",
        ),
        source="messages between people",
    ),
    Rule(
        name="code-of-a-door",
        pattern=r"(?i)\b(?:the|your|our|my)[ ]code[ ](?:for|to|of)[ ](?:[\w\-]{1,20}[ ]){0,2}(?:door|gate|alarm|safe|lock|locker|garage|building|entrance|vault|account|login|log-in|sign-in|phone|card|verification)[ ](?:[\w\-]{1,20}[ ])?(?:is|was|=)[ :]{0,2}(?P<s>\d{3,10})(?![\w.])",
        shapes=(r"code (?:for|to|of) [\w\- ]{4,60} (?:is|was|=)[ :]{1,2}[0-9]{3}",),
        examples=("the code for the door is 4681", "your code to the garage is 73920"),
        counterexamples=("the code for a missing page is 404", "the code of the door module is 4681.5 lines"),
        source="messages between people",
    ),
    Rule(
        name="offered-key",
        pattern=r"(?i)\b(?:this|the|my|our|your|new|following)[ ](?:[\w\-]{1,16}[ ]){0,2}?(?:key|token|secret|credential)(?:[ ]is)?[ ]?(?::|=|->|→)[ ][\"'`]?(?P<s>[\w\-.~+/=]{16,512}+)",
        shapes=(r"(?:key|token|secret|credential)(?:[ ]is)?[ ]?(?::|=|->|→)[ ][\"'`]?[\w\-.~+/=]{16}",),
        check=_random,
        examples=("use this key: " + made_up(32, 3), "here is my new token → " + made_up(24, 5)),
        counterexamples=(
            "restored the cache key: linux-pip-requirements",
            "the primary key: order_number_of_customer",
            "this key: 7c6b5a49382746159403f2e1d0c9b8a7",
        ),
        source="messages between people",
    ),
    Rule(
        name="password-nearby",
        # Some words further on in the same sentence: a sign or a digit inside a word that no other word of a sentence has.
        pattern=rf"(?i)(?<![\w\-/.])(?:{_WORDS}|credentials?|creds)(?:[ ,(]|[ ][\-\u2013\u2014|>]{{1,3}}[ ])(?!for[ ])(?:[A-Za-z][\w'@.\-]{{0,24}}+(?:[ ,]|:[ ]|[ ][\-\u2013\u2014|>/]{{1,3}}[ ])){{0,6}}?[\"'`(\[]?{_UNUSUAL}(?=[\"'`)\],.;!?]{{0,2}}(?:\s|$))",
        shapes=(
            r"(?:[Pp]ass(?:[Ww]ord|[Pp]hrase|[Cc]ode|[Ww]d)s?|PASS(?:WORD|PHRASE|CODE|WD)S?|[Cc]redentials?|CREDENTIALS?|[Cc]reds)[ ,(]",
        ),
        check=typed,
        examples=(
            "the password in front of the till says st0ne-bridge",
            "credentials ann and later w1nd!mill",
        ),
        counterexamples=(
            "Failed password for ann from 10.0.0.7 port 5022 ssh2",
            "password of ann in realm2 on Web1-Prod is old",
            "password rejected for pod app-7d9f8c6b5-x2k4q",
            "the password hash PBKDF2-Sha256 is used",
            "passwords in PKCS#12 files are read",
        ),
        source="messages between people",
    ),
    Rule(
        name="known-user-pair",
        pattern=r"(?i)(?<![\w/:.@\-=])(?:admin(?:istrator)?|root|postgres|sysadmin|superuser|guest|ubuntu|oracle|elastic|rabbitmq|tomcat|jenkins|nagios|cisco|ubnt)(?::|/|[ ][/:|][ ])(?P<s>[^\s\"'`/:@|,;()<>]{6,64}+)(?=[\"'`).,;!?]{0,2}(?:\s|$))",
        shapes=(
            r"(?:^|[^\w/:.@\-=])(?:[Aa]dmin(?:istrator)?|root|Root|postgres|sysadmin|superuser|[Gg]uest|ubuntu|oracle|elastic|rabbitmq|tomcat|jenkins|nagios|cisco|ubnt)(?::|/| [/:|] )[!-~]{0,30}[0-9]",
        ),
        check=typed,
        examples=("try admin:t1n-whistle on staging", "db: default user postgres / w1nd!mill"),
        counterexamples=("root:x:0:0:root:/root:/bin/bash", "root/images/a2b", "elastic:8.12.0", "guest:guest2"),
        source="messages between people",
    ),
    Rule(
        name="login-with",
        pattern=r"(?i)\b(?:ssh|sftp|scp|telnet|rdp|vnc|connect(?:ed|ing)?|log(?:ged|ging)?[ -]?(?:in|on))\b[ ][^\r\n\"'=]{1,64}?[ ](?:with|using)[ ](?:the[ ]|pw[ ]|pass[ ]|password[ ])?[\"'`]?(?P<s>[^\s\"'`]{6,64}+)",
        shapes=(
            r"(?:ssh|SSH|sftp|scp|telnet|[Rr][Dd][Pp]|[Vv][Nn][Cc]|[Cc]onnect(?:ed|ing)?|[Ll]og(?:ged|ging)?[ \-]?(?:in|on))[ ][^\r\n]{0,80}[ ](?:with|using)[ ][!-~]{0,64}[0-9]",
        ),
        check=lambda value: typed(value) and (not value.isalnum() or value.lower() != value),
        examples=("ssh root@10.0.0.5 with t1n-whistle", "connect to the till using w1nd!mill"),
        counterexamples=("connected to db with TLSv1.3", "ssh to host7 with key2", "connecting to a with h2client"),
        source="messages between people",
    ),
    Rule(
        name="answer-below",
        # The line says what follows, the next one has it alone: what programs print once, and what a shell answers.
        pattern=rf"(?im)\b(?:{_WORDS}|secret|(?:api|access|private)[ _]key|token)\b(?![=\"'])[^\r\n=:]{{0,100}}:[ \t]{{0,4}}\r?\n(?:[ \t]{{0,8}}\r?\n)?[ \t]{{0,16}}(?P<s>[^\s\"'<]{{8,128}}+)[ \t]{{0,8}}$|^[ \t]{{0,4}}(?:[>$#%]|>>>|\(\w{{1,8}}\)|[\w.@:~\-]{{1,40}}[>$#]|In[ ]\[\d{{1,5}}\]:)[ ][^\r\n]{{0,80}}?(?:{_WORDS}|secret|api_?key|private_?key|token)\w{{0,16}}(?:\.\w{{1,8}}|[\"'\])]{{1,3}})?\r?\n(?:\$\d{{1,4}}[ ]=[ ]|Out\[\d{{1,5}}\]:[ ]|=>[ ])?(?:0x[0-9a-f]{{1,16}}[ ])?[\"']?(?P<s>[^\s\"']{{8,256}}+)[\"']?[ \t]{{0,8}}$",
        shapes=(
            r"(?:[Pp]ass(?:word|phrase|code|wd)|[Ss]ecret|key|Key|[Tt]oken)[^\r\n=:]{0,100}[:][ \t]{0,4}\r?\n[ \t\r\n]{0,32}[!-~]{8}",
            r"(?:[Pp]ass(?:word|phrase|code|wd)|PASSWORD|[Ss]ecret|SECRET|api_key|api_?Key|apikey|API_KEY|PRIVATE_KEY|private_key|[Tt]oken|TOKEN)[\w.\"'\])]{0,32}\r?\n[!-~]",
        ),
        check=lambda value: (
            typed(value)
            or ("/" not in value and random_looking(value, 16, 0.35) and not uuid_like(value))
            or (plain_hex(value) and len(value) == 32)
        ),
        examples=(
            "Password for the elastic user (shown once):\n  t1n-Whistle9",
            '(gdb) p password\n$1 = 0x5555 "w1nd!mill"',
            "Please use the following password to proceed:\n\n" + made_up(32, 3, hexadecimal=True),
        ),
        counterexamples=(
            "Choose a password:\n  strong2026",
            "$ ls secret\nfile2026.txt",
            "The token endpoint:\n/oauth2/issue",
        ),
        source="output of Elasticsearch, Jenkins, debuggers and shells",
    ),
    Rule(
        name="code-in-other-languages",
        pattern=r"(?i)(?<![\w])(?:tu|su|votre|ton|ihr|dein|il[ ]tuo|seu|teu|twój|váš|tvůj|ваш|твой|uw|din)[ ](?:[\w\-]{1,16}[ ]){0,2}?(?:código|codigo|codice|code|kod|kode|код|kód|koodi|κωδικός|kodunuz)(?:[ ](?:de|per|zur|для|za)[ ]\w{1,20})?[ ]?(?:es|est|ist|lautet|è|é|je|jest|to|er|är|:|=|—|-)[ ]?:?[ ]?(?P<s>\d{4,8})(?!\w|[.,:%\-]\w)|(?i)(?<![\w])(?:kod|код|kode)[ ]?:[ ]?(?P<s>\d{6})(?![\w.,:%\-]|[ ][\w(])|(?:验证码|驗證碼|校验码|認証コード|確認コード|인증번호|인증코드|รหัส|رمز|קוד)[^\d\r\n]{0,12}?(?P<s>\d{4,8})(?!\d)|(?i)(?<![\w] )(?<!\w)code:[ ](?P<s>\d{4,8})(?=[.,;][ ]{1,2}(?:it[ ])?(?:expires|valid|do[ ]not|don't|never))",
        shapes=(
            r"(?:[cC][oó]digo|[cC]odice|[cC]ode|kod|Kod|код|Код|kód|koodi|κωδικός|kodunuz)(?:[ ][a-z]{2,4}[ ][a-z]{1,20})?[ ]?(?:es|est|ist|lautet|è|é|je|jest|to|er|är|:|=|—|-)[ ]?:?[ ]?[0-9]{4}",
            r"(?:验证码|驗證碼|校验码|認証コード|確認コード|인증번호|인증코드|รหัส|رمز|קוד)[^0-9\r\n]{0,36}[0-9]{4}",
        ),
        check=lambda value: not (len(value) == 4 and value[:2] in {"19", "20"}),
        examples=("Votre code est 240838", "Ihr Code lautet 240839 und gilt kurz", "您的验证码是522017"),
        counterexamples=("Kode: 1045 (28000)", "code: 2026", "postcode 10115 is old"),
        source="usual text messages",
    ),
)
