"""Secrets that their place gives away: headers, URLs, private keys, web tokens, command lines."""

import re
from typing import Final

from narration_core.redaction._checks import noisy, of_longer_option, placeholder, random_looking
from narration_core.redaction._rule import Rule, made_up

# What belongs to a key that never ends: long runs of base64 and what stands between them, not the words that follow.
_PEM_BODY: Final = (
    r"(?:[A-Za-z0-9+/=]{16,80}+|[A-Za-z0-9+/]{1,15}+(?:={1,2}|(?=[\s\"'\\]{0,8}$))|[\s\\]|\\[nrt]|[A-Z][A-Za-z\-]{2,20}:[ ][^\r\n\\]{1,120}"
    r"|[.…]{1,3}|[\"'+,|>]{1,2}(?=[\s\\\"'+]{1,8}[A-Za-z0-9+/=]{8})|(?<=\\)[nr])"
)

# Parameters of an address that open something.
_PARAMETERS: Final = (
    "x-amz-signature x-amz-security-token x-goog-signature sig signature code key k auth token sid pass pwd hash h hmac apikey api_key api-key tokenkey "
    "appid app_id access_key license license_key client_secret sign assertion ticket session sso otp jwt sas"
).split()


_NO_WORD: Final = re.compile(r"[0-9\-._~+/=]")


def _credential(value: str) -> bool:
    """A bearer value: not a word of the sentence around it."""
    return _NO_WORD.search(value) is not None and (len(value) >= 20 or noisy(value, 0.2)) and not placeholder(value)


def _basic(value: str) -> bool:
    return not placeholder(value) and (value.endswith("=") or noisy(value, 0.25) or any(c.isdigit() for c in value))


def _not_template(value: str) -> bool:
    return not placeholder(value)


def _authorization(value: str) -> bool:
    return not placeholder(value) and (" " in value or noisy(value, 0.25))


def _user_token(value: str) -> bool:
    return random_looking(value, 16, 0.3) and not placeholder(value)


def _userpass(value: str) -> bool:
    user, _, password = value.partition(":")
    if not password:
        return random_looking(user, 8, 0.3)
    return not placeholder(password) and not user.startswith(("<", "$", "{"))


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        name="websocket-bearer",
        # A browser cannot set a header for a socket, so the token is named as a protocol.
        pattern=r"(?i)sec-websocket-protocol[\"']?\s{0,2}[:=,]\s{0,2}[\"']?(?:[\w.\-]{1,40},\s?){1,3}(?P<s>[\w\-.~+/=%|]{12,4096}+)",
        literals=("sec-websocket-protocol",),
        check=lambda value: noisy(value, 0.2),
        examples=(
            "Sec-WebSocket-Protocol: bearer, " + made_up(24, 3),
            "sec-websocket-protocol: base64url.bearer.authorization.k8s.io, " + made_up(30, 5),
        ),
        counterexamples=(
            "Sec-WebSocket-Protocol: chat, superchat",
            "Sec-WebSocket-Protocol: v4.channel.k8s.io, v3.channel",
        ),
        source="Kubernetes documentation; usual WebSocket servers",
    ),
    Rule(
        name="bearer",
        pattern=r"(?i)(?<![A-Za-z_])bearer[\"']?(?:\s{1,4}+|\+|[:=]\s{0,2})[\"'`]?(?P<s>[\w\-.~+/=%|:]{6,4096}+)",
        literals=("bearer",),
        check=_credential,
        examples=(
            f"Authorization: Bearer {made_up(40, 3)}",
            f"sent 'bearer {made_up(22, 9)}' upstream",
        ),
        counterexamples=(
            "token_type=bearer status=ok",
            "the bearer of this letter",
            "Bearer <token>",
            "bearer authentication",
        ),
        source="RFC 6750, section 2.1",
    ),
    Rule(
        name="basic",
        pattern=r"(?i)(?<![\w])basic\s{1,4}+(?P<s>[A-Za-z0-9+/\-_]{8,2048}+={0,2}+)",
        literals=("basic ", "basic\t"),
        check=_basic,
        examples=("Authorization: Basic bWFkZTp1cC1oZXJlLTQy", "proxy said basic bmFtZTp3b3JkMTIzNDU2Nw== was wrong"),
        counterexamples=("the basic configuration", "Basic ${CREDENTIALS}", "basic authentication failed"),
        source="RFC 7617, section 2",
    ),
    Rule(
        name="authorization",
        # Schemes with parameters are hidden whole; of any other one, what follows it, unless it reads like a sentence.
        pattern=r"(?i)authorization[\"']?\s{0,3}[:=,]\s{0,3}(?!bearer |basic )(?:\[\s{0,2})?(?:b?[\"'])?(?:(?P<s>(?:digest|aws4-hmac-sha256|hawk|mac|oauth|hoba|mutual|vapid|scram-[\w\-]{3,12}|sharedkey\w{0,4}|hmac[\w\-]{0,10}|signature|amx)\s[^\r\n]{8,4096}+)|(?!bearer |basic )[a-z][\w\-]{1,30}[ ]{1,2}(?:[\w\-]{1,24}=)?\"?(?P<s>[\w\-.~+/=:|%!]{12,4096}+))",
        literals=("authorization",),
        check=_authorization,
        examples=(
            'Authorization: Digest username="ann", nonce="9f31c0", response="6629fae49393a053"',
            "authorization: AWS4-HMAC-SHA256 Credential=MADEUP/20260101/eu/s3/aws4_request, Signature=fe5f80f77d5fa3bb",
            f"Authorization: MadeUp {made_up(32, 4)}",
        ),
        counterexamples=("Authorization: Digest", "authorization: none", "Authorization: header is_not_here_today"),
        source="RFC 9110, section 11.6.2",
    ),
    Rule(
        name="cookie",
        pattern=r"(?i)(?<![\w\-])(?:set-)?cookie2?(?:[\"']\s{0,3}[:,=]|\s{0,3}:|=)\s{0,3}(?:\[\s{0,2})?(?:b?[\"'])?(?!samesite|path=|domain=|max-age|expires)(?P<s>[\w.\-!#$%&*+^|~]{1,128}+=[^\r\n\"'\\\]]{1,4096}+)",
        literals=("cookie",),
        examples=("Cookie: theme=dark; sid=8fk2Lw0qPz71", "set-cookie: auth=zX81mQp0s7; Path=/; HttpOnly"),
        counterexamples=("cookie consent banner shown", "parse(cookie=cookie, cls=cls)", "cookie: accepted"),
        source="RFC 6265, section 4",
    ),
    Rule(
        name="url-userinfo",
        pattern=r"(?i)(?<![a-z0-9])[a-z][a-z0-9+.\-]{1,20}+://(?:\[REDACTED[^\[\]\s]{0,80}\]|[^\s:/@?#\"'<>\\]{0,128}+):(?P<s>(?:[^\s/\"'<>\\]{1,256}|(?!\d{0,5}[/?#])[^\s\"'<>\\@]{1,256}))@(?=[\w\[$%./])",
        shapes=(
            r"://[^\s\"'<>/@]*@",
            r"://[^\s\"'<>/@:]*:[^\s\"'<>@/]*/[^\s\"'<>@]*@",
        ),
        check=_not_template,
        examples=("postgresql://svc:Tr4verse-9@db1:5432/app", "see amqps://guest2:w0lf.cub@mq.example.org/%2f now"),
        counterexamples=(
            "https://url:8000/ @something",
            "redis://cache:6379/0",
            "https://${USER}:${PASS}@example.org/",
        ),
        source="RFC 3986, section 3.2.1",
    ),
    Rule(
        name="url-token",
        pattern=r"(?i)[a-z][a-z0-9+.\-]{1,20}+://(?P<s>[\w\-.%~]{16,255}+)(?::(?:x-oauth-basic|x)?)?@(?=[\w\[])",
        shapes=(r"://[^\s\"'<>/@]*@",),
        check=_user_token,
        examples=(
            f"cloning https://{made_up(40, 5)}@git.example.org/a/b.git",
            f"dsn https://{made_up(32, 2, hexadecimal=True)}@o1.ingest.example.org/42",
        ),
        counterexamples=("ssh://git@git.example.org/a/b.git", "https://documentation-reader@example.org/"),
        source="RFC 3986, section 3.2.1",
    ),
    Rule(
        name="url-secret-parameter",
        pattern=rf"(?i)[?&;#](?:amp;)?(?!(?<=;)(?<!&amp;)h=[0-9a-f]{{7,40}}(?![\w%]))(?:{'|'.join(_PARAMETERS)})=(?P<s>[\w\-.~+/%=!*|:]{{12,2048}}+)",
        literals=tuple(f"{sign}{name}=" for sign in "?&;#" for name in _PARAMETERS),
        check=lambda value: not placeholder(value) and noisy(value, 0.2),
        examples=(
            "GET /blob?sv=2024&sig=Zk2q7Xw9Lr4Tn8Vb%2FmadeUp%3D&se=2027",
            "https://api.example.org/v1/user?key=mq7zkxw9lr4tn8vb",
            "/reset?u=7&amp;h=4be1c07d93a2f5586e0b7a91c3d24f6880e5b7ac",
        ),
        counterexamples=(
            "/callback?code=ok&state=done",
            "/list?key=created_at_descending",
            "?hash=main",
            "git/?p=till.git;a=commit;h=4be1c07d93a2f5586e0b7a91c3d24f6880e5b7ac",
        ),
        source="RFC 9110, section 17.9; Azure Storage SAS; AWS Signature Version 4",
    ),
    Rule(
        name="private-key",
        pattern=r"(?P<s>-{3,5}[ ]?BEGIN[ A-Z0-9_\-]{0,60}(?:PRIVATE|SECRET)[ ]KEY(?:[ ]BLOCK)?[ ]?-{0,5}(?:(?:[^\-\x00]{1,16000}+|-(?!-{2,4}[ ]?(?:BEGIN|END))){0,4000}+-{3,5}[ ]?END[ A-Z0-9_\-]{0,60}KEY(?:[ ]BLOCK)?-{0,5}|"
        + _PEM_BODY
        + r"{0,4000}+))",
        literals=("PRIVATE KEY", "SECRET KEY"),
        examples=(
            f"-----BEGIN {'RSA'} PRIVATE KEY-----\nMIIEmadeUpHereOnly0123456789abcd\nmoreOfTheSameKindEFGH==\n-----END {'RSA'} PRIVATE KEY-----",
            f'key: "-----BEGIN {"EC"} PRIVATE KEY-----\\nMIIEmadeUpHereOnly0123456789abcd\\ntruncatedHe',
        ),
        counterexamples=("-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----", "no PRIVATE KEY was found"),
        source="RFC 7468, sections 10 and 11; RFC 4880, section 6.2",
    ),
    Rule(
        name="private-key-tail",
        # Read from the end, where the footer is: a long text without one costs nothing.
        pattern=r"(?r)(?P<s>(?:[A-Za-z0-9+/=]{40,80}(?:[\s\\\"',+]|\\[nr]){1,12}){0,400}+(?:[A-Za-z0-9+/=]{1,80}(?:[\s\\]|\\[nr]){0,6})?+-{5}END[ A-Z0-9]{0,40}PRIVATE[ ]KEY(?:[ ]BLOCK)?-{0,5})",
        literals=("PRIVATE KEY",),
        examples=(
            made_up(64, 4) + "\n" + made_up(40, 8) + "==\n-----END " + "PRIVATE KEY-----",
            made_up(64, 6) + "\n-----END " + "EC PRIVATE KEY-----",
        ),
        counterexamples=("-----END PUBLIC KEY-----", "the END of the PRIVATE KEY"),
        source="RFC 7468, section 10",
    ),
    Rule(
        name="private-key-base64",
        pattern=r"(?P<s>LS0tLS1CRUdJTi(?!BDRVJU|BQVUJM|BSU0EgUFVC|BYNTA5|BESCBQ|BORVcg)[A-Za-z0-9+/=]{16,16000}+)",
        literals=("LS0tLS1CRUdJTi",),
        examples=("LS0tLS1CRUdJTi" + made_up(60, 1), "tls.key: LS0tLS1CRUdJTi" + made_up(80, 2) + "=="),
        counterexamples=("LS0tLS1CRUdJTi", "ca: LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJtYWRlVXA="),
        source="RFC 7468 in base64, as in Kubernetes secrets",
    ),
    Rule(
        name="jwt",
        pattern=r"(?P<s>(?<![A-Za-z0-9])ey[A-Za-z0-9][\w\-=+/]{8,2048}+(?:\.[\w\-=+/]{2,8192}+){1,4}+)",
        literals=("eyJ", "eyA", "eyI", "ewo", "ey0"),
        check=lambda value: value.startswith("eyJ") or len(value) > 60,
        examples=(
            "eyJhbGciOiJub25lIn0." + "eyJtYWRlIjoidXAiLCJuIjo0Mn0.c2lnbmF0dXJlLW1hZGUtdXA",
            "jwt=eyJ0eXAiOiJKV1QifQ." + "eyJzdWIiOiJub2JvZHkifQ.bm90LWEtc2lnbmF0dXJl done",
        ),
        counterexamples=("eyJ is how they start", "keyJust.another.word"),
        source="RFC 7519; RFC 7515, section 7.1",
    ),
    Rule(
        name="paseto",
        pattern=r"(?<![\w.])(?P<s>v[1-4]\.(?:local|public)\.[\w\-]{24,8192}+(?:\.[\w\-]{1,2048}+)?)",
        shapes=(r"v[1-4]\.(?:local|public)\.[\w\-]{24}",),
        examples=("v4.local." + made_up(60, 3), "token v2.public." + made_up(80, 5) + "." + made_up(12, 2)),
        counterexamples=("v4.local.example", "db.v2.public.schema"),
        source="PASETO specification",
    ),
    Rule(
        name="docker-config",
        pattern=r"(?<![A-Za-z0-9+/])(?P<s>(?:eyJhdXRocy|eyAiYXV0aHMi|ewogICJhdXRocy|ewogICAgImF1dGhz|ewoJImF1dGhz)[A-Za-z0-9+/=]{20,16000}+)",
        literals=("eyJhdXRocy", "eyAiYXV0aHMi", "ewogICJhdXRocy", "ewogICAgImF1dGhz", "ewoJImF1dGhz"),
        examples=(".dockerconfigjson: eyJhdXRocyI6" + made_up(40, 3), "ewoJImF1dGhzIjog" + made_up(60, 6) + "="),
        counterexamples=("eyJhdXRocy", "eyJhdXRocyI6 is how it starts"),
        source="Kubernetes documentation, kubernetes.io/dockerconfigjson",
    ),
    Rule(
        name="putty-private-key",
        pattern=r"(?i)private-lines:[ ]{0,2}\d{1,4}(?:\s|\\[nr]){1,6}+(?P<s>(?:[A-Za-z0-9+/=]{1,80}(?:[\s\"',>|]|\\[nr]){0,8}+){1,400}+(?:private-mac:[ ]{0,2}[0-9a-f]{16,64})?)",
        literals=("private-lines:",),
        examples=(
            "Private-Lines: 2\n"
            + made_up(64, 3)
            + "\n"
            + made_up(40, 5)
            + "==\nPrivate-MAC: "
            + made_up(40, 2, hexadecimal=True),
            "Private-Lines: 1\n" + made_up(64, 8),
        ),
        counterexamples=("Public-Lines: 6\nAAAAB3NzaC1yc2E", "Private-Lines: none"),
        source="PuTTY manual, appendix C",
    ),
    Rule(
        name="jwt-base64",
        pattern=r"(?P<s>(?<![A-Za-z0-9])ZXlK[\w\-+/=]{14,8192}+(?:\s[\w\-+/=]{16,8192}+)?)",
        literals=("ZXlK",),
        examples=("ZXlKaGJHY2lPaUp1YjI1bEluMC5tYWRlLXVwLWhlcmU", "jwt ZXlKMGVYQWlPaUpLVjFRaWZRLm1hZGUtdXAtaGVyZTQy"),
        counterexamples=("ZXlK", "ZXlKaGJHY2 is short"),
        source="RFC 7519 in base64",
    ),
    Rule(
        name="curl-user",
        pattern=r"(?i)\bcurl\b(?:[^\sc]{1,64}+|c(?!url\b)|[^\S\r\n](?!-u|-[a-zA-Z]{1,6}u\s|--(?:proxy-)?user[ =])){0,256}+\s(?:-u|-[a-zA-Z]{1,6}u(?=\s)|--user|--proxy-user|-U)(?:[ =]{0,2})[\"']?(?P<s>[^\s:\"']{0,128}:[^\s\"']{0,256}+)",
        literals=("curl",),
        check=_userpass,
        examples=("curl -sS -u ann:Quarter-Past-9 https://example.org/", "ran curl --user 'svc:4pples+pears' host"),
        counterexamples=(
            'curl -u ":" https://example.org:9200',
            "curl -u ${USER}:${PASS} https://example.org",
            "curl --user <user:password> host",
        ),
        source="curl manual, --user",
    ),
    Rule(
        name="command-line-user",
        pattern=r"(?<![\w\-])(?:-u|--user|--userpass|--credentials|-U|--?auth)[ =]{1,2}[\"']?(?P<s>[\w.@\-]{1,64}:[^\s\"':/]{4,256}+)",
        literals=("-u ", "--user", "--credentials", "-U ", "-u=", "-auth "),
        check=lambda value: _userpass(value) and not value.rpartition(":")[2].isdigit(),
        examples=("http -u svc:0range-Juice GET example.org", "tool --user ann:b1rd-house list"),
        counterexamples=("docker run -u 1000:1000 image", "tool --user root list"),
        source="usual command-line options",
    ),
    Rule(
        name="mysql-password",
        pattern=r"(?i)\b(?:mysql|mysqldump|mysqladmin|mariadb|mariadb-dump)\b[^\r\n|;]{0,256}?\s-p[\"']?(?P<s>[^\s\-\"'][^\s\"']{2,128}+)",
        literals=("mysql", "mariadb"),
        check=lambda value: not placeholder(value) and not of_longer_option(value),
        examples=("mysql -uroot -pGr4ndmother shop", "mysqldump --host db -u ann -ps0mething9 all"),
        counterexamples=("mysql -u root -p shop", "mysql ping ok", "mariadb -pager", "mysqldump -print-defaults"),
        source="MySQL manual, connection options",
    ),
    Rule(
        name="sshpass",
        pattern=r"\bsshpass[\"']?,?\s{1,2}[\"']?-p[\"']?,?\s{0,2}[\"']?(?P<s>[^\s\"']{2,128}+)",
        literals=("sshpass",),
        check=_not_template,
        examples=("sshpass -p Cl0udberry ssh ann@host", "sshpass -p 'tw0-words' scp a b:"),
        counterexamples=("sshpass -e ssh host", "sshpass was not found"),
        source="sshpass(1)",
    ),
    Rule(
        name="xml-credential",
        # Word by word of the name, and to the end of the value without a look back: a text may be all elements.
        pattern=r"(?i)(?:<|&lt;)(?:[\w\-]{1,20}+:)?+(?:\w{0,40}+[.\-]){0,8}?\w{1,56}+(?<=secret|password|passwd|passphrase|privatekey|private-key|apikey|api-key|api_key|accesskey|token|credentials?)\b[^<>&]{0,120}+(?:>|&gt;)\s{0,40}+(?:<!\[CDATA\[)?+(?!\{[^<>{}]{0,80}AQAAABAAA )(?=[^<>]{2})(?P<s>(?:[^<>&\s\]]{1,4096}+|(?!\s{0,40}+(?:\]\]>)?+(?:<|&lt;)/)[^<>]){1,4096}+)\s{0,40}+(?:\]\]>)?+(?:<|&lt;)/",
        literals=("</", "&lt;/"),
        check=_not_template,
        examples=("<secret>4tn8vb3mc6jd1ph5</secret>", "<ns:dbPassword enc='no'> b4lloon </ns:dbPassword>"),
        counterexamples=("<secret></secret>", "<tokens>512</tokens>", "<password>${db.password}</password>"),
        source="usual XML configuration",
    ),
    Rule(
        name="jenkins-secret",
        pattern=r"AQAAABAAA(?:[ ]|(?=[\w+/]))(?P<s>[^\s{}<>\"']{8,2048}+)",
        literals=("AQAAABAAA",),
        examples=("{AQAAABAAAAAQ" + made_up(40, 3) + "=}", "secret {x AQAAABAAA " + made_up(32, 5) + "}"),
        counterexamples=("AQAAABAAA", "AQAAABAAA is a prefix"),
        source="Jenkins credentials.xml",
    ),
    Rule(
        name="npmrc",
        pattern=r"(?i)(?<![A-Za-z0-9])_(?:authToken|auth|password)\s{0,3}=\s{0,3}[\"']?(?P<s>[\w\-+/=.~]{6,512}+)",
        literals=("_authToken", "_auth=", "_auth ", "_password"),
        check=lambda value: (
            (not placeholder(value) and any(c.isdigit() for c in value)) or len(value) > 20 or value.startswith("npm_")
        ),
        examples=("//registry.example.org/:_authToken=" + made_up(36, 1), "//r.example.org/:_auth = bWFkZTp1cDEyMw=="),
        counterexamples=("//r.example.org/:_authToken=${NPM_TOKEN}", "basic_auth=true"),
        source="npm documentation, .npmrc",
    ),
    Rule(
        name="compared-secret",
        pattern=r"(?i)(?P<q>[\"'`])(?P<s>[^\"'`\r\n]{4,256}+)(?P=q)(?:\s{0,3}(?:={2,3}|!={1,2})\s{0,3}[\w.]{0,40}?(?:passw(?:or)?d|passphrase|secret|api_?key|private_?key)|\.(?:equals(?:IgnoreCase)?|compareTo|contentEquals)\(\s{0,3}[\w.]{0,40}?(?:passw(?:or)?d|passphrase|secret|api_?key|private_?key)(?:\(\))?\s{0,2}\))|\bstrn?(?:case)?cmp\(\s{0,3}[\w.>\-]{0,40}(?:passw(?:or)?d|passphrase|secret|api_?key)\s{0,3},\s{0,3}\"(?P<s>[^\"\r\n]{4,256}+)\"",
        shapes=(r"[\"'`]\s{0,3}(?:==|!=)", r"[\"'`]\.(?:equals|compareTo|contentEquals)", r"str(?:n|case|ncase)?cmp\("),
        check=_not_template,
        examples=('if ("t1ny-castle" == password) {', "'blue!moon4'.equals(user.secret)"),
        counterexamples=('if "" == password:', "x == password", 'strcmp(name, "password")'),
        source="comparisons in code, as tracebacks show them",
    ),
    Rule(
        name="here-document",
        pattern=r"(?i)(?:passw(?:or)?d|passphrase|secret|token|api_?key|private_?key)\w{0,24}[\"'\]]{0,2}\s{0,4}(?:=>?|:)\s{0,4}<<[<~\-]?[\"']?(?P<tag>[A-Z_]{2,24})[\"']?\r?\n\s{0,24}(?P<s>[^\r\n]{3,1024}+(?:\r?\n(?!\s{0,24}(?P=tag)\b)[^\r\n]{0,1024}+){0,64}+)",
        shapes=(r"<<[<~\-]?[\"']?[A-Z_]{2,24}[\"']?\r?\n",),
        check=_not_template,
        examples=("password = <<~EOS\n  t1n-soldier\nEOS\n", "db_secret = <<-EOT\nblue!moon4\nsecond line\nEOT"),
        counterexamples=("message = <<~EOS\n  hello\nEOS\n", "password = <<~EOS\n  ${var.password}\nEOS"),
        source="Ruby, PHP and HCL manuals",
    ),
    Rule(
        name="netrc",
        pattern=r"(?i)\bmachine\s{1,4}[\w.\-]{1,128}\s{1,4}login\s{1,4}\S{1,128}\s{1,4}password\s{1,4}(?P<s>\S{1,256}+)",
        literals=("machine ", "machine\n", "machine\t"),
        check=_not_template,
        examples=(
            "machine example.org login ann password t1n-soldier",
            "machine api.example.org\n login bob\n password 8ball-pool",
        ),
        counterexamples=("machine learning login page", "machine example.org login ann"),
        source="GNU inetutils manual, .netrc",
    ),
    Rule(
        name="htpasswd",
        pattern=r"(?P<s>\$(?:2[abxy]\$\d\d\$[./A-Za-z0-9]{53}|apr1\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22}|[156]\$(?:rounds=\d{1,9}\$)?[./A-Za-z0-9]{1,16}\$[./A-Za-z0-9]{22,86}|argon2(?:id|i|d)\$[\w=,$+/.]{20,256}|scrypt\$[\w=,$+/.]{20,256}|y\$[./A-Za-z0-9$]{20,128}))",
        shapes=(r"\$(?:2[abxy]\$|apr1\$|[156]\$|argon2|scrypt\$|y\$)",),
        examples=("$2b$12$" + made_up(53, 2), "root:$6$saltsalt$" + made_up(86, 3) + ":19000"),
        counterexamples=("$2b$12$short", "costs $5$ or $6"),
        source="crypt(5)",
    ),
)
