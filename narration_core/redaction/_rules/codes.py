"""Secrets that sentences and dialogues tell: one-time codes, passwords that were changed, answers to a prompt."""

from typing import Final

from narration_core.redaction._checks import algorithm, exact_placeholder, placeholder, random_looking
from narration_core.redaction._rule import Rule, made_up


def _odd(value: str) -> bool:
    """A word that nobody writes in a sentence: digits among letters."""
    value = value.rstrip(".,;:!?)")
    return (
        len(value) >= 6
        and not exact_placeholder(value)
        and any(map(str.isdigit, value))
        and any(map(str.isalpha, value))
        and "/" not in value[:-1]
        and "::" not in value
        and not algorithm(value)
    )


_KINDS: Final = r"(?:code|otp|pin|passcode|password|token|one-time|verification|authentication|security|login)"

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        name="code-sentence",
        pattern=rf"(?i)(?<![\w.\-/:])(?:[A-Z]{{1,3}}-)?(?P<s>\d{{3}}[ \-]?\d{{3}}|\d{{4,8}})[ ](?:is|as)[ ](?:your|the|ur|my)[ ](?:[\w\-]{{1,20}}[ ]){{0,4}}{_KINDS}|(?i)\byour[ ](?:[\w\-]{{1,20}}[ ]){{0,4}}(?:code|otp|pin|passcode)(?:[ ]for[ ][\w.\-]{{1,40}})?(?:[ ]is[ ]?:?|[ ]?[:=])[ ]?(?:[A-Z]{{1,3}}-)?(?P<s>\d{{3}}[ \-]?\d{{3}}|\d{{4,8}})(?!\d)|(?i)\b(?:use|enter|type)[ ](?:the[ ]code[ ]|code[ ])?(?P<s>\d{{3}}[ \-]?\d{{3}}|\d{{4,8}})[ ](?:to|as|for)[ ](?:[\w\-]{{1,20}}[ ]){{0,3}}(?:verify|sign|log|login|confirm|authenticat|complete|activate|your|code)",
        shapes=(
            r"[0-9]{3} (?:[Ii]s|[Aa]s) (?:[Yy]our|[Tt]he|ur|[Mm]y) ",
            r"[Yy]our [\w\- ]{0,48}(?:[Cc]ode|OTP|otp|PIN|pin|[Pp]asscode)[\w.\- ]{0,24}[:= ][ ]?(?:[A-Z]{1,3}-)?[0-9]{3}",
            r"(?:[Uu]se|[Ee]nter|[Tt]ype) [a-z ]{0,9}[0-9]{3}[ \-]?[0-9]+ (?:to|as|for) ",
        ),
        examples=("482913 is your Acme verification code", "Your login code is: 739-204", "Use 55120 to sign in"),
        counterexamples=("404 is the code of a missing page", "your exit code is 1", "use 1024 to keep the size"),
        source="usual text messages",
    ),
    Rule(
        name="code-named",
        pattern=r"\b(?:OTP|PIN|CVV2?|CVC2?|(?:2FA|MFA|TOTP)(?=:)|pin(?=[ ]is[ ])|(?i:(?:2fa|mfa|otp|pin|sms|verification|security|login|access|one-time|unlock|door|gate|alarm|entry)[ ]code)|(?i:passcode))(?:[ ]for[ ](?:(?:user|card|account|login)[ ])?[\w.@+\-]{1,64}(?=:|[ ]is[ ]))?[\"']?(?:[ ]is)?[ ]?[:=]?[ ]?[\"']?(?P<s>\d{4,8})(?![\w.]|[:\-]\d)|(?i)\b(?:cvv2?|cvc2?|card[ ]security[ ]code|security[ ]code)[\"']?[ ]?[:=]?[ ]?[\"']?(?P<s>\d{3,4})(?![\w.]|[:\-]\d)|(?i)\b(?:backup|recovery)[ ]codes?:?[ ](?P<s>\d{6,10}(?:[ ,]{1,2}\d{6,10}){0,16})",
        shapes=(
            r"(?:2FA|MFA|TOTP): [0-9]{4}",
            r"(?:OTP|PIN|CVV|CVC|[Pp]asscode|[ \-][Cc]ode) for [\w.@+\- ]{1,80}(?::|[ ]is) [0-9]{4}",
            r"pin is [0-9]{4}",
            r"(?:OTP|PIN|[Cc][Vv][VvCc]2?|[Pp]asscode|[ \-][Cc]ode|2FA code|MFA code)[\"']?(?: is)?[ :=\"']{1,4}[0-9]{3}",
            r"(?:[Bb]ackup|[Rr]ecovery) codes?:? [0-9]{6}",
        ),
        examples=(
            "OTP is 482913",
            "login code for ann: 482913",
            "card with CVV: 482",
            "your backup codes: 48291355 91735502",
        ),
        counterexamples=(
            "pin 23 high",
            "exit code 1024",
            "exit code for job7: 1024",
            "status code 404",
            "CVC for kids",
        ),
        source="usual text messages and forms",
    ),
    Rule(
        name="password-word",
        # In languages that join with one sign, or with a blank: the value must have letters and digits.
        pattern=r"(?:密码|密碼|口令|通行码|パスワード|暗証番号|비밀번호|패스워드)(?:是|为|為|は|가|는|은)?[ ]?(?P<s>[\w!@\#$%^&*.\-]{6,64}+)|(?i)(?<!\bfor )(?<![\w\-])pass(?:word|phrase)[ ][\"'`]?(?!(?:sha|md|base|utf|ipv|pbkdf|argon|bcrypt|scram|oauth|auth|http|ssh|tls|rfc|aes|v\d|x\d|k8s|win)[\w\-]{0,16})(?P<s>[A-Za-z][\w!@\#$%^&*\-]{7,64}+)(?![\w.(:/=])",
        shapes=(
            r"(?:密码|密碼|口令|通行码|パスワード|暗証番号|비밀번호|패스워드)(?:是|为|為|は|가|는|은)?[ ]?[\w!@\#$%^&*.\-]{6}",
            r"[Pp](?:ass|ASS)(?:word|phrase|WORD|PHRASE) [\"'`]?[A-Za-z][\w!@\#$%^&*\-]{7}",
        ),
        check=_odd,
        examples=("密码是w1nter-sun", "wifi password w1ntersun9"),
        counterexamples=("密码错误", "password sha512crypt is used", "password authentication2 failed:"),
        source="usual sentences",
    ),
    Rule(
        name="password-sentence",
        pattern=r"(?i)\bpass(?:word|code|phrase|wd)\b[^\r\n\"'`=:]{0,60}?[ ](?:from|was)[ ][\"'`]?(?P<s>[^\s\"'`]{4,128}+)|(?i)(?<=\bpass(?:word|code|phrase|wd)\b[^\r\n\"'`=:]{0,60}?[ ](?:from[ ][^\s]{1,128}[ ])?to[ ][\"'`]?)(?P<s>[^\s\"'`]{6,128}+)|(?i)\b(?:user(?:name)?|login|account|credentials)[ :=]{1,2}[^\s,;]{1,64}[,;]?[ ](?:(?:and|with|/)[ ])?(?:pass(?:word|wd|code|phrase)?|pwd?|psk)[ ][\"'`]?(?P<s>[^\s\"'`]{4,128}+)",
        shapes=(
            r"[Pp]ass(?:word|code|phrase|wd)[^\r\n\"'`=:]{0,60} (?:from|was|to) ",
            r"(?:[Uu]ser(?:name)?|[Ll]ogin|[Aa]ccount|[Cc]redentials)[ :=]{1,2}[^\s,;]{1,64}[,;]? (?:(?:and|with|/) )?(?:[Pp]ass(?:word|wd|code|phrase)?|[Pp]wd?|psk) ",
        ),
        check=_odd,
        examples=(
            "changed password from w1nter-sun",
            "user ann, pass b1rd-house",
            "credentials: ann pw gr4vel-road",
            "the password of ann was changed to qu1et-forest",
        ),
        counterexamples=(
            "password changed from 10.0.0.1",
            "user ann pass the salt",
            "user ann pw expired",
            "the digest of the passphrase moved from MD5 to SHA512",
            "Accepted password for ann from 10.0.0.7 port 5022 ssh2",
            "Failed password for invalid user web1master from 10.0.0.7",
        ),
        source="usual sentences",
    ),
    Rule(
        name="hashed-password",
        # What directories and Windows keep; good for trying passwords, or as good as one.
        pattern=r"(?i)(?P<s>\{(?:SSHA|SHA|SMD5|MD5|CRYPT|SSHA\d{3}|SHA\d{3}|PBKDF2[\w\-]{0,12}|ARGON2|x-[\w\-]{2,16})\}[A-Za-z0-9+/=.$,]{16,256}+)|(?<![\w:])[\w.\-$\\]{1,64}:(?:\d{1,6}:)?(?P<s>[0-9a-f]{32}:[0-9a-f]{32}):::|(?<![\w:])[\w.\-$]{1,64}::[\w.\-]{0,64}:(?P<s>[0-9a-f]{16}:[0-9a-f]{32}:[0-9a-f]{8,2048})",
        shapes=(
            r"\{(?:S|s|M|m|C|c|P|p|A|a|x)[\w\-]+\}[A-Za-z0-9+/=.$,]{16}",
            r":[0-9a-fA-F]{32}:[0-9a-fA-F]{32}:::",
            r"::[\w.\-]*:[0-9a-fA-F]{16}:[0-9a-fA-F]{32}:",
        ),
        examples=(
            "userPassword: {SSHA}" + made_up(38, 3) + "==",
            "ann:1001:" + made_up(32, 2, hexadecimal=True) + ":" + made_up(32, 3, hexadecimal=True) + ":::",
        ),
        counterexamples=("{SHA} is a scheme", "a:b:::"),
        source="RFC 2307; formats of Windows password dumps",
    ),
    Rule(
        name="ntlm-message",
        pattern=r"(?P<s>TlRMTVNTUA[A-Za-z0-9+/=]{16,4096}+)",
        literals=("TlRMTVNTUA",),
        examples=("NTLM TlRMTVNTUA" + made_up(40, 3), "Negotiate TlRMTVNTUA" + made_up(80, 5) + "=="),
        counterexamples=("TlRMTVNTUA", "NTLM TlRMTVNTUAA="),
        source="MS-NLMP, messages",
    ),
    Rule(
        name="mail-dialogue",
        pattern=r"334[ ]UGFzc3dvcmQ6[\s\"',]{1,6}(?:[A-Z>]{1,8}:?[ ])?(?P<s>[A-Za-z0-9+/]{4,256}={0,2})",
        literals=("UGFzc3dvcmQ6",),
        check=lambda value: not placeholder(value),
        examples=("334 UGFzc3dvcmQ6\r\n" + made_up(16, 3), "S: 334 UGFzc3dvcmQ6\nC: " + made_up(19, 4) + "="),
        counterexamples=("334 UGFzc3dvcmQ6", "334 VXNlcm5hbWU6\nYW5u"),
        source="draft-murchison-sasl-login",
    ),
    Rule(
        name="windows-command-password",
        pattern=r"(?i)\bnet1?(?:\.exe)?[ ]{1,2}user[ ]{1,2}[^\s/]{1,64}[ ]{1,2}(?P<s>[^\s/*][^\s]{2,128}+)|(?i)\bnet(?:\.exe)?[ ]{1,2}use[ ]{1,2}(?:[a-z*]:?[ ]{1,2})?\\{1,4}[^\s]{1,120}[ ]{1,2}(?P<s>[^\s/*][^\s]{2,128}+)(?=[ ]{1,2}/user:)|(?i)\b(?:wmic|schtasks|cmdkey|xfreerdp|wfreerdp|mstsc|sc)(?:\.exe)?[ ][^\r\n|]{0,200}?[ /](?:password|pass|p|rp):(?P<s>[^\s\"']{3,128}+)|(?i)\bschtasks(?:\.exe)?[ ][^\r\n|]{0,200}?[ ]/rp[ ]{1,2}[\"']?(?P<s>[^\s\"'/]{3,128}+)",
        shapes=(
            r"[Nn][Ee][Tt]1?(?:\.exe)? {1,2}(?:user|use|USER|USE) ",
            r"(?:wmic|schtasks|cmdkey|[xw]freerdp|mstsc|sc)(?:\.exe)? [^\r\n|]*[ /](?:password|pass|p|rp)[: ]",
        ),
        check=lambda value: not exact_placeholder(value) and not value.startswith("/"),
        examples=(
            "net user ann st1ll-water /add",
            r"net use \\files\a c0ld.lake /user:ann",
            "xfreerdp /u:ann /p:wh1te-rose /v:h",
        ),
        counterexamples=("net user ann /delete", r"net use \\files\a /delete", "net use is deprecated"),
        source="Microsoft documentation, net, cmdkey, schtasks",
    ),
    Rule(
        name="key-argument",
        # What these functions take first, or behind the name of an algorithm, is a key or a password.
        pattern=r"\b(?:cookieParser\(|cookieSession\(|AES\.new\(|ChaCha20\w{0,10}\.new\(|(?:pbkdf2|PBKDF2)\w{0,8}\((?:[\"'][\w\-]{2,16}[\"'],\s{0,2})?|scrypt\w{0,6}\(|argon2\.\w{4,8}\(|Fernet\(|bcrypt\.(?:compare|compareSync|hash|hashSync|hashpw|checkpw|verify|using)\(|create(?:Hmac|Cipher|Cipheriv|Decipheriv)\([\"'][\w\-]{2,24}[\"'],\s{0,2}|hmac\.new\(|generate_password_hash\(|check_password_hash\([\w.]{1,40},\s{0,2}|make_password\(|create_(?:super)?user\([\"'][^\"'\r\n]{1,64}[\"'],\s{0,2}[\"'][^\"'\r\n]{0,128}[\"'],\s{0,2})(?:key\s?=\s?)?[brf]?[\"'](?P<s>[^\"'\r\n]{4,512}+)[\"']",
        literals=(
            "cookieparser(",
            "cookiesession(",
            "fernet(",
            "aes.new(",
            "chacha20",
            "pbkdf2",
            "scrypt(",
            "argon2.",
            "bcrypt.",
            "createhmac(",
            "createcipher",
            "createdecipheriv(",
            "hmac.new(",
            "password_hash(",
            "make_password(",
            "create_user(",
            "create_superuser(",
        ),
        check=lambda value: not placeholder(value),
        examples=(
            "bcrypt.compare('t1n-whistle', stored)",
            "crypto.createHmac('sha256', 'w1nd.mill').update(x)",
            "User.objects.create_user('ann', 'someone', 'r0und-table')",
        ),
        counterexamples=("bcrypt.compare(given, stored)", "createHmac('sha256', key)", "bcrypt.hash('', 10)"),
        source="documentation of Express, cryptography, bcrypt, Node.js crypto, Django",
    ),
    Rule(
        name="returned-secret",
        # A function named like a secret that returns a literal.
        pattern=r"(?i)(?:passw(?:or)?d|passphrase|secret|token|api_?key|private_?key|credential)s?\w{0,16}[\"']?\s{0,2}(?:=\s{0,2})?\([^(){}\r\n]{0,80}\)[^{};\r\n=]{0,40}(?:\{|=>|:|=)\s{0,40}(?:return\s{1,4})?[\"'`](?P<s>[^\"'`\s]{6,256}+)[\"'`]",
        shapes=(
            r"(?:[Pp]assw(?:or)?d|[Pp]assphrase|[Ss]ecret|[Tt]oken|[Aa]pi_?[Kk]ey|[Pp]rivate_?[Kk]ey|[Cc]redential)s?\w{0,16}[\"']?\s?(?:=\s?)?\([^(){}\r\n]*\)[^{};\r\n=]*(?:\{|=>|:|=)\s*(?:return\s+)?[\"'`]",
        ),
        check=lambda value: not placeholder(value) and (any(map(str.isdigit, value)) or random_looking(value, 16, 0.4)),
        examples=(
            'func getAcmeToken() string { return "' + made_up(24, 3) + '" }',
            "const apiKey = () => '" + made_up(24, 5) + "'",
        ),
        counterexamples=('func tokenKind() string { return "bearer" }', 'def password_hint(): return "ask ann"'),
        source="code, as diffs and tracebacks show it",
    ),
)
