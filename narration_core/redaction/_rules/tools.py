"""More secrets on command lines: a user's name and a password in options of any program, positions, files that tools write."""

from typing import Final

from narration_core.redaction._checks import placeholder, random_looking, typed, uuid_like
from narration_core.redaction._rule import Rule


def _given(value: str) -> bool:
    return not placeholder(value) and not value.startswith(("-", "/", "./", "~/", "$", "@"))


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        name="user-then-password",
        # Any program: who it is, then within a few options `-p` and what only a password looks like.
        pattern=r"(?<![\w\-])(?:-[uUlD]|--?user(?:name)?|--?login|--admin-user)[ =][^\s|;]{1,80}[ ](?:-{1,2}[\w\-]{1,24}(?:[ =][^\s\-|;][^\s|;]{0,80})?[ ]){0,4}?-(?:p|P|w|pw|pwd|pass)[ =][\"']?(?P<s>[^\s\"'|;]{6,128}+)",
        shapes=(
            r"-(?:[uUlD]|-?user(?:name)?|-?login|-admin-user)[ =][^\s|;]{1,80}[^\r\n|;]{0,160}(?: -p| -P| -w| -pw| -pwd| -pass)[ =][\"']?[!-~]{6}",
        ),
        check=typed,
        examples=("isql -U sa -P t1n-whistle", "az sql server create -n s -u sa -p 'w1nd!mill'"),
        counterexamples=(
            "tool -u ann -p 8080:80",
            "nmap -l host -p 1-65535",
            "x -u ann -p project7",
            "x --user ann --port 5432",
        ),
        source="usual command-line options",
    ),
    Rule(
        name="domain-userinfo",
        pattern=r"(?<![\w/@:.])[\w.\-]{1,64}/[\w.\-$]{1,64}:(?P<s>[^\s\"'@/:]{4,128}+)@(?=[\w\-.]{2,80}(?:\s|$))",
        literals=("psexec", "secretsdump", "wmiexec", "smbexec", "impacket-", "mssqlclient"),
        check=typed,
        examples=("impacket-secretsdump CORP/ann:t1n-whistle@10.0.0.5", "psexec.py corp.local/ann:w1nd!mill@dc1"),
        counterexamples=("docker pull a/b:v1.2@sha256", "a/b:tag2@host", "acme/app:1a2b3c@sha256:00"),
        source="Impacket documentation",
    ),
    Rule(
        name="positional-password",
        pattern=r"(?i)(?:\bmosquitto_passwd\s(?:-[bcHU]\s){1,3}\S{1,160}\s\S{1,64}\s|\bnetworksetup\s-setairportnetwork\s\S{1,16}\s\S{1,64}\s|\bqpdf\s[^\r\n|;]{0,80}?--encrypt\s|(?<=\bqpdf\s[^\r\n|;]{0,80}?--encrypt\s\S{4,64})\s|\brabbitmqctl\s(?:[\w\-=]{1,40}\s){0,4}?(?:add_user|change_password|authenticate_user)\s[\w.\-@]{1,64}\s|\bopenssl\s{1,2}passwd\s(?:-[\w\-]{1,16}\s){0,3}|\bopenssl\s(?:enc|aes|des)[^\r\n|;]{0,160}?\s-K\s|\bsmbclient\s{1,2}[/\\]{2}\S{1,160}\s|\bcurl\b[^\r\n|;]{0,200}?\s(?:-E|--cert|--proxy-cert)[ =][\"']?[^\s:\"']{1,160}:|\blftp\b[^\r\n|;]{0,80}?\b(?:open\s)?-u\s[\w.\-@]{1,64},|\brootpw\s(?:--?(?:plaintext|lock|allow-ssh)\s){1,3}|\bconsul\sacl\sset-agent-token\s\S{1,32}\s|\b(?:heroku|flyctl|fly|vercel|netlify|cf|eb|dokku)\s(?:config:set|secrets\sset|env\sadd|env:set|set-env|setenv|secrets\simport)\s[^\r\n|;=]{0,80}(?:KEY|TOKEN|SECRET|PASS\w{0,8}|PWD)[ =]|\b(?:git\sconfig|npm\sset|pip\sconfig\sset|snap\sset|defaults\swrite)\s[^\r\n|;]{0,80}?[\w.\-]{0,40}(?:password|token|secret|api_?key)\s)[\"']?(?P<s>[^\s\"',;|<>]{4,256}+)",
        literals=(
            "mosquitto_passwd",
            "rabbitmqctl",
            "-setairportnetwork",
            "--encrypt ",
            "openssl passwd",
            "openssl enc",
            "openssl aes",
            "openssl des",
            "smbclient",
            "lftp ",
            "rootpw ",
            "set-agent-token",
            "config:set",
            "secrets set",
            "env add",
            "env:set",
            "set-env ",
            "setenv ",
            "git config",
            "npm set",
            "pip config",
            "snap set",
            "defaults write",
        ),
        shapes=(r"[Cc][Uu][Rr][Ll][^\r\n|;]{0,208}[ \t](?:-E|--cert|--proxy-cert)[ =]",),
        check=lambda value: _given(value) and (any(map(str.isdigit, value)) or random_looking(value, 8, 0.3)),
        examples=("mosquitto_passwd -b users ann t1n-whistle", "networksetup -setairportnetwork en0 Home w1nd.mill"),
        counterexamples=(
            "mosquitto_passwd -c users ann",
            "openssl passwd -6",
            "smbclient //files/a -U ann",
            "curl --cert a.pem https://example.org",
        ),
        source="manuals of mosquitto_passwd, networksetup, qpdf, openssl, smbclient, curl, lftp, kickstart, consul",
    ),
    Rule(
        name="given-on-input",
        pattern=r"(?i)\b(?:echo|printf)\s(?:-n\s|[\"']%s(?:\\n)?[\"']\s|--\s)?[\"']?(?P<s>[^\s\"'|]{4,512}+)[\"']?\s{0,4}\|\s?[^\r\n|]{0,80}?(?:docker\ssecret\screate|podman\ssecret\screate|kubectl\screate\ssecret|secrets?\s(?:put|set|create|versions\sadd)|keyvault\ssecret|--passphrase-fd|--password-fd|passwd\b(?!\.)|kwallet-query|secret-tool\sstore|pass\sinsert|gpg\s[^\r\n|]{0,40}--batch|htpasswd\s[^\r\n|]{0,24}-i|npm\slogin|vault\swrite|op\sitem|security\sadd)|(?i)\b(?:passwd|secrets?\s(?:put|set|create)\s\S{1,64}|secret-tool\sstore|login|auth|su|unseal|set-password|(?:htpasswd|kinit|vault|gh|op|doctl)\s[^\r\n|;<]{1,80})\b[^\r\n|;<]{0,60}<<<\s?[\"']?(?P<s>[^\s\"']{4,512}+)",
        literals=(
            "secret create",
            "create secret",
            "secret put",
            "secret set",
            "secrets set",
            "secrets create",
            "versions add",
            "keyvault secret",
            "passphrase-fd",
            "password-fd",
            "| passwd",
            "kwallet-query",
            "secret-tool store",
            "pass insert",
            "npm login",
            "vault write",
            "<<<",
        ),
        check=_given,
        examples=("echo t1n-whistle | docker secret create db -", "passwd ann <<< w1nd.mill"),
        counterexamples=("echo $PASS | docker secret create db -", 'psql shop <<< "select"', 'passwd ann <<< "$PW"'),
        source="usual pipelines",
    ),
    Rule(
        name="secure-string-options",
        pattern=r"(?i)ConvertTo-SecureString\s(?:-(?:AsPlainText|Force|String)\s){1,3}[\"']?(?P<s>[^\s\"'\-$(][^\s\"')]{2,256}+)",
        literals=("convertto-securestring",),
        check=_given,
        examples=(
            'ConvertTo-SecureString -AsPlainText "t1n-whistle" -Force',
            "ConvertTo-SecureString -Force -String 'w1nd.mill'",
        ),
        counterexamples=(
            "ConvertTo-SecureString -AsPlainText $plain",
            "ConvertTo-SecureString -Force -AsPlainText (Read-Host)",
        ),
        source="PowerShell documentation, ConvertTo-SecureString",
    ),
    Rule(
        name="typed-into-a-page",
        # Robot Framework, Selenium and their kind: where it is typed, then what.
        pattern=r"(?i)(?:\b(?:id|name|css|xpath|label|locator)[:=]\S{0,40}(?:passw(?:or)?d|passphrase|secret|pin\b|otp\b)\S{0,16}[ \t]{2,8}|\b(?:fill|type|enter|input|send_?keys?|set_?value)\b[^\r\n\"']{0,40}[\"'][^\"'\r\n]{0,60}(?:passw(?:or)?d|passphrase|secret)[^\"'\r\n]{0,24}[\"'][^\"'\r\n]{0,24}[\"'])(?P<s>[^\s\"']{4,128}+)",
        shapes=(
            r"(?:[Pp]assw(?:or)?d|passphrase|[Ss]ecret|pin|otp)[^\s]{0,16}[ \t]{2,8}[!-~]{4}",
            r"(?:[Ff]ill|[Tt]ype|[Ee]nter|[Ii]nput|[Ss]end_?[Kk]eys?|[Ss]et_?[Vv]alue)[^\r\n\"']{0,40}[\"'][^\"'\r\n]{0,60}(?:[Pp]assw(?:or)?d|[Pp]assphrase|[Ss]ecret)[^\"'\r\n]{0,24}[\"'][^\"'\r\n]{0,24}[\"'][!-~]{4}",
        ),
        check=lambda value: (
            typed(value) or (not placeholder(value) and any(map(str.isdigit, value)) and not value.isalnum())
        ),
        examples=("Fill Text    id=password    t1n-whistle", "cy.type('#password', 'w1nd.mill')"),
        counterexamples=(
            "Fill Text    id=password    ${PASS}",
            "Input Text    id=username    ann7.lee",
            "type 'password' into 'field2'",
        ),
        source="documentation of Robot Framework, Playwright, Cypress",
    ),
    Rule(
        name="agent-token",
        pattern=r"(?i)\b(?:CONSUL_HTTP_TOKEN|NOMAD_TOKEN|X-Consul-Token|X-Nomad-Token|consul\sacl\sset-agent-token\s\S{1,32})[\"']?(?:\s?[:=]\s?|\s)[\"']?(?P<s>[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12})",
        literals=("consul_http_token", "nomad_token", "x-consul-token", "x-nomad-token", "set-agent-token"),
        check=uuid_like,
        examples=(
            "consul acl set-agent-token default 7c6b5a49-3827-4615-9403-f2e1d0c9b8a7",
            "X-Consul-Token: 8d7c6b5a-4938-4726-8504-a3f2e1d0c9b8",
        ),
        counterexamples=("consul acl set-agent-token default", "X-Consul-Index: 4242"),
        source="Consul and Nomad documentation, tokens",
    ),
)
