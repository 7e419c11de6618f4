"""Layouts that set a name beside its value without a sign between them: cells of HTML, brackets, bars, variables of a query."""

import re
from typing import Final

from narration_core.redaction._checks import NO_TERM, mixed_case, noisy, placeholder, random_looking, typed
from narration_core.redaction._rule import Rule, made_up

_NAME: Final = r"(?:passw(?:or)?d|passphrase|passcode|passwd|pwd|secret|(?:api|access|secret|private)[_\- ]?key|token|credentials?)"
_IDENTIFIER: Final = re.compile(r"[A-Za-z]+(?:_[A-Za-z]+){0,8}_?\d{0,2}")


def _odd(value: str) -> bool:
    """A word that no sentence and no column has: digits among letters, and no identifier."""
    return (
        any(map(str.isdigit, value))
        and any(map(str.isalpha, value))
        and "/" not in value[:-1]
        and _IDENTIFIER.fullmatch(value) is None
        and (noisy(value, 0.2) or mixed_case(value))
        and not placeholder(value)
    )


def _given(value: str) -> bool:
    return not placeholder(value)


_OPENED: Final = r"(?:<(?:td|dd|span|p|div|code|b|strong|em|i|pre|kbd|samp|tt|font)\b(?:[^<>\"']|\"[^\"<>]{0,200}\"|'[^'<>]{0,200}'){0,60}+>\s{0,48})"
_ATTRIBUTES: Final = r"(?:[^<>\"']|\"[^\"<>]{0,200}\"|'[^'<>]{0,200}'){0,60}?"

RULES: Final[tuple[Rule, ...]] = (
    Rule(
        name="disguised-name",
        pattern=r"(?i)(?<![\w@$*])(?!password)p[a@4][s$5]{2}w[o0*]rd\w{0,8}[\"']?\s{0,2}[:=]\s{0,2}[\"']?(?P<s>[^\s\"'`,;&]{3,256}+)",
        literals=("p@ss", "pa$$", "p@$$", "p4ss", "pa5s", "pas$w", "passw*rd", "pa$sw"),
        check=_given,
        examples=("p@ssword=t1n-whistle", "login ann, pa$$w0rd: w1nd.mill"),
        counterexamples=("p@ssword is a bad one", "p@ssword=${PASS}"),
        source="usual ways around a filter",
    ),
    Rule(
        name="credential-pair",
        pattern=rf"(?i)\b(?:credentials?|creds|login)(?:[ ](?:are|is))?(?:[ ]?:[ ]|[ ])[\w.\-@]{{1,64}}(?::|[ ]/[ ])[\"'`]?{NO_TERM}(?P<s>[^\s\"'`,;:/|()\[\]<>]{{6,128}}+)(?=[\"'`.,;)]?(?:\s|\Z))",
        shapes=(r"(?:[Cc]redentials?|[Cc]reds|[Ll]ogin)(?: are| is)?(?: ?: | )[\w.\-@]{1,64}(?::| / )[\"'`]?[!-~]{6}",),
        check=_odd,
        examples=("Default credentials: admin / t1n-whistle", "creds are ann:w1nd.mill7"),
        counterexamples=("login ann / 10 attempts", "login host:5022", "login db:shop_2"),
        source="usual sentences",
    ),
    Rule(
        name="html-cell",
        pattern=rf"(?i)[>\s_\-]{_NAME}\s{{0,4}}:?\s{{0,24}}(?:</\w{{1,12}}>\s{{0,48}}){{1,3}}+(?:{_OPENED}{{1,4}}+(?P<s>[^<>\s]{{6,256}}+)\s{{0,24}}</|<input\b{_ATTRIBUTES}\bvalue=[\"'](?P<s>[^\"'<>\s]{{6,256}}+))",
        literals=("</td", "</dt", "</th", "</label", "</span", "</p>", "</b>", "</strong", "</div", "</i>", "</em"),
        check=_odd,
        examples=(
            '<tr><td class="n"><b>Password</b></td>\n <td><code>t1n-whistle</code></td></tr>',
            "<dt>Client secret:</dt> <dd>w1nd.mill</dd>",
            '<label for="p">Password</label><input id="p" value="bl4ck-tea">',
        ),
        counterexamples=(
            "<td>Password</td><td>Required</td>",
            "<th>Password</th><th>w1nd.mill</th>",
            "<td>token_count</td><td>t1n-whistle</td>",
            "<td>Password</td><td>varchar2</td>",
        ),
        source="HTML Living Standard, tables and definition lists",
    ),
    Rule(
        name="html-input",
        pattern=rf"(?i)<input\b{_ATTRIBUTES}\b(?:id|name)=[\"'][\w.\-\[]{{0,40}}?{_NAME}\]?[\"']{_ATTRIBUTES}\bvalue=[\"'](?P<s>[^\"'<>\s]{{6,256}}+)",
        literals=("<input",),
        check=_odd,
        examples=(
            "<input id='api_key' class='wide' value='t1n-whistle'>",
            '<input type="hidden" id="user[password]" value="w1nd.mill" />',
        ),
        counterexamples=(
            '<input type="submit" id="reset-password" value="Send">',
            '<input id="token_count" value="t1n-whistle">',
        ),
        source="HTML Living Standard, the input element",
    ),
    Rule(
        name="name-in-brackets",
        pattern=r"(?i)(?<![\w\]])\[[\w.\-]{0,40}?(?:passw(?:or)?d|pass|passphrase|pwd|psk|secret|token|api[_\-]?key|access[_\-]?key)\][ ]{1,4}[\"']?(?P<s>[^\s\"'\[\]]{6,512}+)",
        literals=("pass] ", "password] ", "passwd] ", "passphrase] ", "pwd] ", "psk] ", "secret] ", "token] ", "key] "),
        check=lambda value: typed(value) or random_looking(value, 20, 0.33),
        examples=("[DB_PASS] t1n-Whistle9", "settings: [api_key] " + made_up(24, 3)),
        counterexamples=(
            "[token] refreshed",
            "[auth-token] v1.2.3 loaded",
            "[password] reset2 done",
            "a[key] other_Word",
        ),
        source="settings, as programs list them",
    ),
    Rule(
        name="bracketed-password",
        pattern=rf"(?i)(?<![\w\-])(?:pass(?:word|phrase|code|wd)|pwd|(?:api|access|secret)[ ]key)[ ][\[({{][ ]?[\"'`]?{NO_TERM}(?P<s>[^\s()\[\]{{}}\"'`,;:=|]{{8,128}}+)[\"'`]?[ ]?[\])}}]",
        shapes=(r"(?:[Pp]ass(?:word|phrase|code|wd)|[Pp]wd|[Kk]ey) [\[({]",),
        check=_odd,
        examples=("logged in with the default password (t1n-whistle)", 'API key ("w1nd.mill7") is refused'),
        counterexamples=(
            "password (sha512crypt) is too weak",
            "password (optional)",
            "password (8-72 characters)",
            "API key (read-only) created",
        ),
        source="usual sentences",
    ),
    Rule(
        name="barred-password",
        pattern=rf"(?i)(?<![A-Za-z0-9\-]){_NAME}[|\u00a6](?=[^\s|]{{0,64}}\d)(?P<s>[^\s|\"'`()\[\]\\]{{8,256}}+)(?=[|\s\"'`]|\Z)",
        shapes=(
            r"(?:[Ww]ord|WORD|[Pp]asswd|[Pp]hrase|[Cc]ode|pwd|PWD|[Ss]ecret|SECRET|[Kk]ey|KEY|[Tt]oken|TOKEN|[Cc]redentials?)[|][^\s|]{8}",
        ),
        check=_odd,
        examples=("password|t1n-whistle", "user|ann|api_key|w1nd.mill7|role|admin"),
        counterexamples=("password|varchar2|not null", "name|password|password_2|created_at", "id|token|w1nd/mill7|x"),
        source="exports with bars",
    ),
    Rule(
        name="introduced-password",
        pattern=rf"(?i)\b(?:my|your|his|her|their|our|the|new|old|temp(?:orary)?|default|initial|admin|root|db|database|wi-?fi|wlan|mail|e-?mail|ftp|ssh|sudo|vnc|bios|router|server|vpn|ldap|guest)[ ](?:pw|pwd|psk)[ ][\"'`]?{NO_TERM}(?P<s>[^\s\"'`,;]{{6,128}}+)|(?i)\b(?:wi-?fi|wlan|wpa[23]?|ssid|ipsec|ike(?:v2)?|vpn|hotspot)\b[^\r\n=:]{{0,40}}?[ ](?:psk|pre-?shared[ ]key|passphrase)[ :=]{{1,2}}[\"'`]?{NO_TERM}(?P<s>[^\s\"'`,;]{{8,128}}+)|(?i)\bpre-?shared[ ]key[ ](?:is[ ])?[\"'`]?{NO_TERM}(?P<s>[^\s\"'`,;]{{8,128}}+)",
        shapes=(
            r"[A-Za-z] (?:[Pp][Ww][Dd]?|[Pp][Ss][Kk]|PSK) [\"'`]?[!-~]{6}",
            r"(?:[Pp]re-?shared key|PSK|psk|[Pp]assphrase)[ :=]{1,2}[\"'`]?[!-~]{8}",
        ),
        check=_odd,
        examples=("the admin pw t1n-whistle is old", "ssid home psk w1nd.mill7", "pre-shared key bl4ck-tea9 set"),
        counterexamples=(
            "the pw node is gone",
            "wpa2 psk ccmp and tkip",
            "root pwd /srv/w1nd-mill",
            "wifi passphrase sha256-hashed",
        ),
        source="usual sentences",
    ),
    Rule(
        name="query-variable",
        # The name of the argument is in the query, the value under the name of the variable.
        pattern=rf"(?i){_NAME}\s{{0,2}}:\s{{0,2}}\$(?P<v>[a-z_]\w{{0,40}})\b[^$]{{0,1000}}?(?:\$(?!(?P=v)\b)[^$]{{0,1000}}){{0,8}}?variables\\{{0,3}}[\"']\s{{0,4}}:\s{{0,4}}\{{[^{{}}]{{0,1000}}?\\{{0,3}}[\"'](?P=v)\\{{0,3}}[\"']\s{{0,4}}:\s{{0,4}}\\{{0,3}}[\"'](?P<s>[^\"'\\\r\n]{{1,512}}+)",
        literals=("variables",),
        check=_given,
        examples=(
            '{"query":"mutation($p: String!){login(password: $p)}","variables":{"p":"t1n-whistle"}}',
            '{"query": "mutation($u: ID!, $k: String){add(user: $u, apiKey: $k){id}}", "variables": {"u": "ann", "k": "w1nd.mill"}}',
        ),
        counterexamples=(
            '{"query":"query($p: Int){list(page: $p)}","variables":{"p":"w1nd.mill"}}',
            '{"query":"mutation($p: String!){login(password: $p)}","variables":{"p":"$PASS"}}',
        ),
        source="GraphQL specification, variables",
    ),
)
