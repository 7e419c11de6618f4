"""Secrets that a command gives away: options of known programs, statements, lines of protocols and of device settings."""

import re
from typing import Final

from narration_core.redaction._checks import noisy, of_longer_option, placeholder, plain_hex
from narration_core.redaction._rule import Rule, made_up

# Between a program, its option and the value: blanks, or the quotes and commas of an argument list.
_GAP: Final = r"[\"']?(?:,\s{0,2}|\s{1,3})[\"']?"
_VALUE: Final = r"(?P<s>[^\s\"',;|<>()]{3,256}+)"


def _given(value: str) -> bool:
    """A value typed on a command line: no template, no option, no file."""
    return not placeholder(value) and not value.startswith(("-", "/", "./", "~/", "$", "@"))


def _behind_p(value: str) -> bool:
    """The same directly behind `-p`, where another option may go on: `-port`."""
    return _given(value) and not of_longer_option(value)


def _odd(value: str) -> bool:
    """A word that nobody writes in a sentence: digits among letters, or signs."""
    return (
        _given(value)
        and len(value) >= 6
        and any(map(str.isdigit, value))
        and not value.isdigit()
        and "/" not in value[:-1]
        and "::" not in value
    )


# How a server lists what it offers: in capitals; an address; words of a sentence.
_MECHANISM: Final = re.compile(r"[A-Z0-9_\-=/+.]+|[\d.:a-f]+|[A-Z]?[a-z]+\d{0,4}(?:[\-_.:=/][a-z0-9]*)*")


def _signed(value: str) -> bool:
    """A word with a sign in it that names and addresses do not have, or with a digit inside beside one that they have."""
    inside = value[:-1]
    return any(char in "!@#$%^&*+~" for char in value) or (
        "." in inside and re.search(r"[a-z]\d[a-z]", inside) is not None
    )


# A word and its number, a file: the name of a thing.
_NUMBERED: Final = re.compile(r"[A-Za-z]+[\-_]?\d{1,6}(?:\.\w{1,5})?|[\w\-]+\.[a-z]{2,4}")


def _typed(value: str) -> bool:
    """An odd word that is not the name of a thing."""
    return _odd(value) and _NUMBERED.fullmatch(value) is None


def _userinfo(value: str) -> bool:
    return _given(value) and not value.isdigit()


def _option(name: str, programs: str, options: str, examples: tuple[str, str], counter: str, source: str) -> Rule:
    """Return the rule of programs that take a password with a short option.

    Args:
        name: the rule's name.
        programs: the programs with their subcommand, as pattern alternatives that are literals for the gate as well.
        options: the options, as a class of letters.
        examples: two command lines.
        counter: a command line without a password.
        source: where the option is described.
    """
    starts = programs.split("|")
    return Rule(
        name=name,
        pattern=rf"(?<![\w\-])(?:{programs.replace(' ', _GAP)})(?![\w])[^\r\n|;]{{0,256}}?[\s\"']-{options}(?:{_GAP}|=[\"']?|[\"']?(?=[^\s\-\"'])){_VALUE}",
        # The programs' names are short: they count only where a command line goes on.
        shapes=tuple(start.replace(" ", r"[\"']?[, ][ \"']{0,3}") + r"[\"', ]" for start in starts),
        check=_behind_p if "p" in options.lower() else _given,
        examples=examples,
        counterexamples=(counter, f"{starts[0].partition(' ')[0]} was not found", f"{starts[0]} -port 4242"),
        source=source,
    )


# What a container shows to the outside: `8080:80`, `127.0.0.1:53:53/udp`.
_PORTS: Final = re.compile(r"(?:[\d.]{7,15}:)?\d{1,5}(?:-\d{1,5})?(?::\d{1,5}(?:-\d{1,5})?)?(?:/\w{3,4})?")

RULES: Final[tuple[Rule, ...]] = (
    _option(
        "registry-password",
        "docker login|podman login|helm registry|skopeo login|buildah login|oras login|crane auth|twine upload|twine register|poetry publish|ncftp|cypher-shell|conan user|dotnet nuget|tsm login|certutil",
        "p",
        ("docker login -u ann -p t1n-whistle r.example.org", "['twine', 'upload', '-p', 'r0und-table', 'dist']"),
        "docker login -u ann --password-stdin",
        "Docker CLI and twine manuals",
    ),
    _option(
        "database-password",
        "mongosh|mongodump|mongorestore|mongoimport|mongoexport|mongo|snowsql|cqlsh|clickhouse-client",
        "p",
        ("mongosh -u ann -p l0ng-river shop", "mongodump --host db -u ann -p gr3en.leaf"),
        "mongosh --port 27017 shop",
        "manuals of the database clients",
    ),
    _option(
        "upper-password",
        "sqlcmd|bcp|osql|unzip|zip|mosquitto_pub|mosquitto_sub",
        "P",
        ("sqlcmd -S db -U sa -P T0wer&Bridge", "unzip -P 5even-stars a.zip"),
        "unzip a.zip -d out",
        "manuals of sqlcmd, zip",
    ),
    _option(
        "directory-password",
        "ldapsearch|ldapmodify|ldapadd|ldapdelete|ldapwhoami|ldappasswd",
        "w",
        ("ldapsearch -D cn=ann -w wh1te-rose -b dc=example", "ldapadd -x -w 'c0ld.lake' -f a.ldif"),
        "ldapsearch -x -W -b dc=example",
        "OpenLDAP manual pages",
    ),
    _option(
        "keychain-password",
        "security add-generic-password|security add-internet-password|security unlock-keychain|security create-keychain|security import|security export|xcrun altool|ncftpput|ncftpget|beeline|rabbitmqadmin",
        "[pPw]",
        (
            "security unlock-keychain -p t1n-whistle a.keychain",
            "security add-generic-password -a ann -s s -w w1nd.mill",
        ),
        "security import a.p12 -k a.keychain",
        "manuals of security(1), altool, ncftp, beeline, rabbitmqadmin",
    ),
    _option(
        "renewed-key-password",
        "ssh-keygen",
        "[NP]",
        ("ssh-keygen -t rsa -N t1n-whistle -f a", "ssh-keygen -p -P w1nd.mill -f a"),
        "ssh-keygen -t ed25519 -f a",
        "ssh-keygen(1)",
    ),
    _option(
        "secret-file-password",
        "ldappasswd|swift",
        "[sK]",
        ("ldappasswd -s t1n-whistle uid=ann", "swift -U a:b -K w1nd.mill list"),
        "swift list",
        "ldappasswd(1); manual of python-swiftclient",
    ),
    _option(
        "redis-password",
        "redis-cli",
        "a",
        ("redis-cli -h cache -a m00n.light ping", "['redis-cli', '-a', 'gr4vel-road', 'info']"),
        "redis-cli -h cache ping",
        "redis-cli manual",
    ),
    _option(
        "cloud-login-password",
        "az login|doctl auth|cf login|oc login|argocd login|useradd|usermod|codecov|glab auth|gem push|nuget push",
        "[ptk]",
        ("az login -u ann -p qu1et.forest", "doctl auth init -t " + made_up(40, 3)),
        "az login --use-device-code",
        "manuals of the cloud command lines",
    ),
    _option(
        "remote-login-password",
        "psexec|psexec64|paexec|smbmap|crackmapexec|netexec|nxc|evil-winrm|rdesktop|winexe|wmiexec|ipmitool|plink|pscp|kitty|putty|putty.exe|vmrun|impacket-psexec|addprinc",
        "(?:p|P|pw|gp)",
        ("psexec -u ann -p bl4ck-tea cmd", "ipmitool -I lanplus -H h -U ann -P gr3en.leaf power status"),
        "ipmitool -I lanplus power status",
        "manuals of PsExec, ipmitool, PuTTY",
    ),
    Rule(
        name="openssl-passphrase",
        pattern=r"\bopenssl\s{1,2}(?:enc|aes[\w\-]{0,16}|des[\w\-]{0,16}|cms|smime)\b[^\r\n|;]{0,256}?[\s\"']-[kK](?:\s{1,2}|[\"'],\s{0,2})[\"']?(?P<s>[^\s\"'\-][^\s\"']{2,256}+)",
        literals=("openssl enc", "openssl aes", "openssl des", "openssl cms", "openssl smime"),
        check=_given,
        examples=("openssl enc -aes-256-cbc -k l0ud.music -in a", "openssl aes-256-cbc -d -k 'gr4y-stone'"),
        counterexamples=("openssl enc -aes-256-cbc -kfile a", "openssl enc -k $PASS -in a"),
        source="openssl-enc(1)",
    ),
    Rule(
        name="archive-password",
        pattern=r"(?<![\w\-])(?:7z[azr]?|rar|unrar)[\"']?[, ]{1,3}[\"']?[a-z]{1,2}(?=[\"', ])[^\r\n|;]{0,256}?[\s\"']-(?:p|hp)[\"']?(?P<s>[^\s\"',;|\-][^\s\"',;|]{2,128}+)",
        shapes=(r"(?:7z[azr]?|rar)[\"']?[, ]{1,3}[\"']?[a-z]{1,2}[\"']?[, ]",),
        check=_behind_p,
        examples=("7z a -pl1ttle-bird a.7z docs", "unrar x -pgr4y.stone a.rar"),
        counterexamples=("7z x a.7z -oout", "7z a a.7z docs", "7z x -pager a.7z"),
        source="7-Zip and rar manuals",
    ),
    Rule(
        name="command-password",
        pattern=r"(?i)(?:(?<![\w\-])(?:requirepass|masterauth|add-authtoken|rootpw|bindpw|--?(?:src|dest)?(?:store|key)pass)[\"']?[\s,]{1,4}[\"']?|-pass(?:in|out)?\s{1,2}pass:|\bvault\s{1,2}login\s{1,2}(?:token=)?(?!-)|\bngrok\s{1,2}authtoken\s{1,2}|\b(?:cargo|wandb|fly|railway)\s{1,2}login\s{1,2}(?!-)|\bsnyk\s{1,2}auth\s{1,2}(?!-)|\bvault\s{1,2}operator\s{1,2}unseal\s{1,2}(?!-)|\bauth[\"']?[,\s]{1,3}[\"']?login[\"']?[,\s]{1,3}[\"']?--with-token[\"']?[,\s]{1,3}[\"']?|\brclone\s{1,2}obscure\s{1,2}(?!-)|\b(?:poetry|composer)\s{1,2}config\s{1,2}(?:-\S{1,16}\s){0,3}http-basic\.\S{1,64}\s\S{1,64}\s|\bcomposer\s{1,2}config\s{1,2}(?:-\S{1,16}\s){0,3}(?:github-oauth|gitlab-oauth|gitlab-token|bearer)\.\S{1,64}\s|\bmc\s(?:alias\sset|config\shost\sadd)\s\S{1,64}\s{1,2}https?:\S{1,160}\s\S{1,128}\s|\bpulumi\s{1,2}config\s{1,2}set\s[^\r\n|;]{0,80}?--secret\s[\w:.\-]{1,64}\s(?!-)|\breset-admin-password\s{1,2}(?!-)|\bset_password\s{1,2}(?:vnc|spice)\s{1,2}|\brootpw\s{1,2}--(?:plaintext|iscrypted)\s{1,2}|\b(?:user|owner|input)_pw\s{1,2}|\bDefaultPassword\s(?:/t\sREG_SZ\s)?/d\s{1,2}|\bwifi-sec\.psk\s{1,2}|\bb2\sauthorize-account\s\S{1,64}\s|\bnpm\sconfig\sset\s\S{0,160}_(?:auth|password)\s{1,2}|\biwconfig\s\S{1,24}\s(?:key|enc)\s(?:s:)?|\bradtest\s(?:-\S{1,16}\s){0,4}\S{1,64}\s|\brclone\s{1,2}config\s{1,2}(?:create|update)\s[^\r\n|;]{0,160}?\spass(?:word)?[ =])(?P<s>[^\s\"',;]{4,256}+)",
        literals=(
            "requirepass",
            "masterauth",
            "add-authtoken",
            "rootpw ",
            "bindpw ",
            "storepass",
            "keypass",
            " pass:",
            "vault login",
            "ngrok authtoken",
            "cargo login",
            "wandb login",
            "fly login",
            "railway login",
            "snyk auth",
            "operator unseal",
            "--with-token",
            "http-basic.",
            "rclone obscure",
            "rclone config",
            "composer config",
            "mc alias set",
            "mc config host",
            "pulumi config",
            "reset-admin-password",
            "set_password ",
            "user_pw ",
            "owner_pw ",
            "input_pw ",
            "defaultpassword ",
            "wifi-sec.psk",
            "b2 authorize-account",
            "npm config set",
            "iwconfig ",
            "radtest ",
        ),
        check=_given,
        examples=(
            "grafana-cli admin reset-admin-password t1n-whistle",
            "radtest ann w1nd.mill host 0 x",
            "reg add HKLM\\\\a /v DefaultPassword /d r0und-table /f",
            "npm config set //r.example.org/:_auth gr3en.leaf",
            "requirepass n1ght.train",
            "pulumi config set --secret dbPassword bl4ck-tea",
        ),
        counterexamples=(
            "vault login -method=oidc",
            "requirepass is not set",
            "keytool -storepass:env VAR",
            "pulumi config set --secret dbPassword",
            "composer config http-basic.example.org",
            "grafana-cli admin reset-admin-password --help",
            "iwconfig wlan0 key off",
        ),
        source="manuals of redis, keytool, openssl, vault, ngrok",
    ),
    Rule(
        name="command-user-password",
        pattern=r"(?i)(?:\bhtpasswd[^\r\n|;]{0,80}?\s-[a-z]{0,4}b[a-z]{0,4}\s[^\r\n|;]{1,120}\s|\brabbitmqctl\s(?:[\w\-=]{1,40}\s){0,4}?(?:add_user|change_password|authenticate_user)\s[\w.\-@]{1,64}\s|\bnet\s{1,2}use\s[^\r\n|;]{0,160}?/user:[^\s]{1,80}\s|\b(?:smbclient|rpcclient|smbget|net\s(?:rpc|ads))\b[^\r\n|;]{0,160}?\s(?:-U|--user=?)\s{0,2}[\"']?[\w.\-\\]{1,64}%|\b(?:sqlplus|expdp|impdp|sqlldr)\s(?:-\w{1,8}\s){0,4}[\w.\-]{1,64}/[\"']?|oracle:thin:[\w.\-]{1,64}/)(?P<s>[^\s\"'@;|]{3,256}+)",
        literals=(
            "htpasswd",
            "rabbitmqctl",
            "/user:",
            "smbclient",
            "rpcclient",
            "smbget",
            "net rpc",
            "net ads",
            "sqlplus",
            "expdp",
            "impdp",
            "sqlldr",
            "oracle:thin:",
        ),
        check=_userinfo,
        examples=("rabbitmqctl add_user ann st0ne-bridge", "sqlplus scott/w4rm.bread@orcl"),
        counterexamples=("htpasswd -c users ann", "sqlplus / as sysdba", "jdbc:oracle:thin:@//db:1521/x"),
        source="manuals of htpasswd, rabbitmqctl, net, smbclient, sqlplus",
    ),
    Rule(
        name="command-line-credentials",
        # The pair as an argument of its own, quoted as in a list.
        pattern=r"[\"'](?:-u|-U|-a|--user|--userpass|--auth|--credentials|--proxy-user|--http-user)[\"'],\s{0,2}[\"'](?P<s>[\w.@\-\\]{1,64}:[^\s\"']{4,256}+)[\"']|\bCURLOPT_(?:PROXY)?USERPWD[\"']?\s{0,2}(?:,|=>)\s{0,2}[\"'](?P<s>[\w.@\-]{1,64}:[^\"'\r\n]{3,256}+)|\blftp\s{1,2}-u\s(?P<s>[\w.@\-]{1,64},[^\s\"']{3,256}+)|\bhttps?\s(?:[^\r\n|;]{0,120}?\s)?-a[ =]{1,2}[\"']?(?P<s>[\w.@\-]{1,64}:[^\s\"':/]{4,256}+)",
        shapes=(
            r"[\"']-(?:u|U|a|-user|-userpass|-auth|-credentials|-proxy-user|-http-user)[\"'],",
            r"https? [^\r\n|;]*-a[ =]",
            r"USERPWD[\"' ,=]",
            r"lftp -u ",
        ),
        check=lambda value: _userinfo(value.replace(",", ":", 1).partition(":")[2]),
        examples=("['curl', '-u', 'ann:b1rd-house', 'https://a']", "http -a ann:gr4pe.juice example.org"),
        counterexamples=("['docker', 'run', '-u', '1000:1000', 'x']", "http -a example.org"),
        source="curl and HTTPie manuals",
    ),
    Rule(
        name="piped-password",
        pattern=r"(?i)\becho\s(?:-n\s)?[\"']?(?:[\w.\-]{1,64}:(?=[^\r\n|]{1,200}\|\s?(?:sudo\s)?chpasswd))?(?P<s>[^\s\"'|]{4,512}+)[\"']?\s{0,4}\|[^\r\n]{0,200}?(?:password-stdin|chpasswd|vncpasswd\s-f|cryptsetup\sluks|passwd\s--stdin|sudo\s-S\b|--passphrase-fd|with-token|(?<=\|)\s?kinit\b(?!-))|(?i)\b(?:kinit|cryptsetup|chpasswd|su|sudo\s-S|passwd\s--stdin|[\w\-]{1,24}\s[^\r\n|;<]{0,80}--password(?:-stdin)?)\b[^\r\n|;<]{0,120}<<<\s?[\"']?(?:[\w.\-]{1,64}:(?<=chpasswd\b[^\r\n]{1,80}))?(?P<s>[^\s\"']{4,512}+)",
        literals=(
            "password-stdin",
            "chpasswd",
            "sudo -s",
            "passphrase-fd",
            "with-token",
            "passwd --stdin",
            "vncpasswd -f",
            "cryptsetup luks",
            "| kinit",
            "|kinit",
            "<<<",
        ),
        check=_given,
        examples=("echo f1ne-sugar | docker login -u ann --password-stdin", "kinit ann <<< 'l0ud.music'"),
        counterexamples=(
            "echo $PASS | docker login --password-stdin",
            "docker login --password-stdin < file",
            'kinit ann <<< "$PASS"',
        ),
        source="usual pipelines",
    ),
    Rule(
        name="powershell-secure-string",
        pattern=r"(?i)ConvertTo-SecureString\s{1,4}(?:-String\s{1,4})?[\"'](?P<s>[^\"'\r\n]{4,256}+)[\"']",
        literals=("convertto-securestring",),
        check=_given,
        examples=(
            "ConvertTo-SecureString 'f0ggy-morning' -AsPlainText -Force",
            '$p = ConvertTo-SecureString -String "0ld.bridge" -AsPlainText',
        ),
        counterexamples=("ConvertTo-SecureString $plain -AsPlainText", "ConvertTo-SecureString failed"),
        source="PowerShell documentation, ConvertTo-SecureString",
    ),
    Rule(
        name="secret-command-body",
        pattern=r"\b(?:(?:gh|glab)\s(?:secret|variable)\s{1,2}(?:set|create)|az\skeyvault\ssecret\sset|gcloud\ssecrets\s(?:create|versions\sadd)|aws\sssm\sput-parameter\s(?=[^\r\n|;]{0,240}SecureString))\s?[^\r\n|;]{0,240}?\s(?:--body|-b|--value|-v|--data)[ =][\"']?(?P<s>[^\s\"']{4,512}+)",
        literals=("gh secret", "glab secret", "glab variable", "az keyvault secret", "gcloud secrets", "securestring"),
        check=_given,
        examples=(
            'gh secret set API --body "n1ce.weather"',
            "az keyvault secret set --name n --value " + made_up(20, 4),
        ),
        counterexamples=(
            "gh secret set API < file",
            "gh secret list",
            "aws ssm put-parameter --name n --type String --value shop-3",
        ),
        source="manuals of the GitHub, Azure, Google and AWS command lines",
    ),
    Rule(
        name="sql-password",
        pattern=r"(?i)\bidentified\s{1,4}(?:with\s{1,4}[\w'\"]{1,40}\s{1,4})?(?:by|as)\s{1,4}(?:password\s{1,4}|values\s{1,4})?[\"'](?P<s>[^\"'\\\r\n]{2,256}+)|(?i)(?<=\b(?:user|to|role)\s{1,4}[\w$#.\"]{1,64}\s{1,4}identified\s{1,4}by\s{1,4})(?P<s>[^\s\"';]{3,128}+)|(?i)\bsp_(?:addlogin|password)\s[^\r\n,]{1,120},\s{0,4}N?'(?P<s>[^'\r\n]{2,256}+)",
        literals=("identified by", "identified with", "sp_addlogin", "sp_password"),
        check=lambda value: not placeholder(value) and value.lower() not in {"values", "password"},
        examples=(
            "CREATE USER ann IDENTIFIED BY 'quiet-corner'",
            "grant all on a.* to b identified by 'p1ne-tree'",
            "CREATE USER ann IDENTIFIED BY gr3en_leaf;",
            "EXEC sp_addlogin 'ann', 'w4rm-bread'",
        ),
        counterexamples=("identified by its id", "IDENTIFIED BY '${PASSWORD}'"),
        source="MySQL and Oracle manuals, CREATE USER",
    ),
    Rule(
        name="sql-set-password",
        pattern=r"(?i)\bset\s{1,4}password\s{1,4}(?:for\s{1,4}[^\s=;]{1,120}\s{0,4})?(?:=|to)\s{0,4}(?:(?:old_)?password\(\s{0,4})?[\"'](?P<s>[^\"'\\\r\n]{2,256}+)",
        literals=("set password",),
        check=lambda value: not placeholder(value),
        examples=("SET PASSWORD FOR 'ann'@'%' = 'quiet-corner'", "set password = PASSWORD('p1ne-tree')"),
        counterexamples=("SET PASSWORD FOR 'ann' = '${PASSWORD}'", "set password for ann"),
        source="MySQL and MariaDB manuals, SET PASSWORD",
    ),
    Rule(
        name="user-and-password-options",
        # In a list of arguments `-p` may be a port or a path; behind a user's name it is the password.
        pattern=r"[\"']-(?:u|U|-user|-username)[\"'],\s{0,4}[\"'][^\"'\r\n]{1,64}[\"'],\s{0,4}[\"']-(?:p|P|w)[\"'],\s{0,4}[\"'](?P<s>[^\"'\r\n]{4,256}+)",
        shapes=(r"[\"'], ?[\"']-[pPw][\"'],",),
        check=lambda value: _given(value) and _PORTS.fullmatch(value) is None,
        examples=("['login', '-u', 'ann', '-p', 'st0ne-bridge']", '["-U","ann","-P","w4rm.bread"]'),
        counterexamples=(
            "['-u', 'ann', '-p', '$PASS']",
            "['scp', '-P', '2222', 'a:b']",
            "['-u', 'ann', '-p', '80:8080']",
        ),
        source="manuals of docker, az, ipmitool, mosquitto_pub",
    ),
    Rule(
        name="network-key",
        pattern=r"(?i)\bwpa_passphrase\s{1,4}(?:\"[^\"\r\n]{1,32}\"|'[^'\r\n]{1,32}'|[^\s\"']{1,32})\s{1,4}[\"']?(?P<s>[^\s\"']{8,63}+)|\bsnmp(?:get|walk|set|bulkget|bulkwalk|table|getnext|trap)\b[^\r\n|;]{0,160}?\s-(?:[AX]|c(?!\s{1,4}(?:public|private)\b))\s{1,4}[\"']?(?P<s>[^\s\"']{6,128}+)",
        literals=("wpa_passphrase", "snmp"),
        check=_given,
        examples=("wpa_passphrase home w4rm-gravel", "snmpget -v2c -c st0ne.bridge host"),
        counterexamples=(
            "wpa_passphrase home",
            "snmpget -v2c -c public host",
            "snmpwalk -v2c host system",
            "wpa_passphrase home $WIFI_KEY",
        ),
        source="manuals of wpa_passphrase, net-snmp",
    ),
    Rule(
        name="sql-password-literal",
        pattern=r"(?i)(?:\blogin\s{1,4}|\bwith\s{1,4}|\bencrypted\s{1,4}|\buser\s{1,4}\S{1,64}\s{1,4}|\brole\s{1,4}\S{1,64}\s{1,4}|=\s{0,4})password\s{0,4}(?:=\s{0,4})?\(?'(?P<s>[^'\\\r\n]{2,256}+)",
        literals=("password '", "password('", "password = '", "password \\'"),
        check=lambda value: not placeholder(value),
        examples=("ALTER ROLE ann WITH PASSWORD 'quiet-corner'", "SET PASSWORD FOR a = PASSWORD('silver-spoon')"),
        counterexamples=("ALTER USER ann WITH PASSWORD NULL", "with password '***'"),
        source="PostgreSQL and MySQL manuals, CREATE ROLE, SET PASSWORD",
    ),
    Rule(
        name="protocol-login",
        pattern=r"(?m)(?:^[ \t]{0,16}|[\"'>\]]\s{0,2}|:\s|\bHELLO\s\d\s|\bUSER\s[\w.@\-]{1,64}\s{1,3})(?:AUTH\s(?:PLAIN\s|LOGIN\s|default\s|[a-z][\w\-]{1,32}\s)?|PASS\s|(?:[A-Za-z]{0,2}\d{1,6}\s)?LOGIN\s\"?[\w.@\-]{1,64}\"?\s)\"?(?P<s>[^\s\"'\\]{6,512}+)(?=\"?\s{0,2}(?:[\r\n\"'\\]|$))",
        shapes=(r"(?:AUTH|PASS) \"?[!-~]{3}", r"LOGIN \"?[\w.@\-]{1,64}\"? \"?[!-~]{6}"),
        check=lambda value: _odd(value) or (value.endswith("=") and _given(value)),
        examples=("USER ann\r\nPASS l1ght-house\r\n", "MULTI\n  AUTH default w1de.ocean\n"),
        counterexamples=(
            "PASS tests/test_auth.py::test_login2",
            "AUTH failed",
            "LOGIN ann succeeded",
            "PASS 12 of 12 tests",
        ),
        source="RFC 959, RFC 1939, RFC 3501, RFC 4954; redis AUTH",
    ),
    Rule(
        name="auth-command",
        # In the middle of a line it may be a heading: what follows must be no name of a user or of a mechanism.
        pattern=r"(?<![\w\-/.])AUTH[\"']?[,\s]{1,2}(?:(?:PLAIN|LOGIN|XOAUTH2|OAUTHBEARER|EXTERNAL|CRAM-MD5|default)[,\s]{1,2}|[\"'][a-z][\w\-]{1,32}[\"'],\s|[a-z][\w\-]{1,32}\s(?=\S{0,64}[\d!@#$%^&*+~])|)[\"']?(?P<s>[^\s\"'\\,;()\[\]<>]{6,512}+)",
        shapes=(r"AUTH[\"']?[, ][\"' ]{0,2}[!-~]{3}",),
        check=lambda value: (
            _given(value) and not _MECHANISM.fullmatch(value) and (noisy(value, 0.45) or _signed(value))
        ),
        examples=(
            "cache client: AUTH l1ght.house then SELECT 3",
            "imap > a1 AUTH PLAIN " + made_up(24, 3) + " sent",
            "['AUTH', 'ann', 'gr3en.leaf']",
        ),
        counterexamples=(
            "250-AUTH XOAUTH2 PLAIN-CLIENTTOKEN OAUTHBEARER",
            "AUTH user42 logged in",
            "AUTH CRAM-MD5 SCRAM-SHA-256 offered",
            "AUTH [10.0.0.1:6379] timed out",
            "AUTH failed for worker-7.example.org",
            "AUTH 10.0.0.1:6379 refused",
        ),
        source="redis AUTH; RFC 4954",
    ),
    Rule(
        name="network-device-secret",
        pattern=r"(?i)(?:snmp-server\s{1,3}community\s{1,3}|\benable\s{1,3}(?:secret|password)\s{1,3}(?:level\s\d{1,2}\s)?(?:[05-9]\s)?|\busername\s\S{1,64}\s(?:privilege\s\d{1,2}\s)?(?:secret|password)\s(?:\d\s)?|(?:tacacs|radius)-server\s(?:host\s\S{1,64}\s)?key\s(?:\d\s)?|\bkey-string\s(?:\d\s)?|\bpre-shared-key\s(?:(?:ascii-text|local|remote|\d)\s)?\"?|\bmessage-digest-key\s\d{1,3}\smd5\s(?:\d\s)?|\bauthentication-key\s\d{1,5}\smd5\s|\bwpa-psk\s(?:(?:ascii|hex)\s(?:\d\s)?)?(?!wpa|tkip|ccmp|sae)|(?<=:)\sPSK\s[\"']|\bneighbor\s\S{1,64}\spassword\s(?:\d\s)?)(?P<s>[^\s\"']{4,128}+)",
        literals=(
            "snmp-server",
            "enable secret",
            "enable password",
            "username ",
            "tacacs-server",
            "radius-server",
            "key-string",
            "pre-shared-key",
            "message-digest-key",
            "authentication-key",
            "wpa-psk",
            ": psk ",
            "neighbor ",
        ),
        check=lambda value: _given(value) and (any(map(str.isdigit, value)) or noisy(value, 0.3)),
        examples=("snmp-server community gr33n-hill RO", "ip ospf message-digest-key 1 md5 d4rk.water"),
        counterexamples=("snmp-server community public RO", "username ann privilege 15", "key_mgmt: wpa-psk wpa-eap"),
        source="Cisco IOS and Junos command references",
    ),
    Rule(
        name="pgpass",
        pattern=r"(?<![\w:.])[\w.*\-]{1,128}:(?:5432|6432|\*):[\w*.\-]{1,64}:[\w*.@\-]{1,64}:(?P<s>[^\s\"':]{4,128}+)",
        literals=(":5432:", ":6432:", ":*:*:"),
        check=_given,
        examples=("db.example.org:5432:shop:ann:t4ll.grass", "*:5432:*:ann:s0ft-snow"),
        counterexamples=("0.0.0.0:5432->5432/tcp", "db:5432:shop"),
        source="PostgreSQL manual, password file",
    ),
    Rule(
        name="basic-auth-arguments",
        pattern=r"(?i)\b(?:auth\s{0,2}[=:]\s{0,2}\(\s{0,2}|(?:HTTP)?(?:Basic|Digest|Proxy)Auth\(\s{0,2}|\.?(?:SetBasicAuth|basic_auth|withCredentials|(?<=\.)auth)\(\s{0,2})u?[\"'][^\"'\r\n]{1,128}[\"']\s{0,2},\s{0,4}(?:Some\(\s{0,2})?u?[\"'](?P<s>[^\"'\r\n]{2,256}+)",
        literals=(
            "auth=(",
            "auth = (",
            "auth: (",
            "basicauth(",
            "digestauth(",
            "proxyauth(",
            "basic_auth(",
            ".auth(",
            "setbasicauth(",
            "withcredentials(",
        ),
        check=lambda value: not placeholder(value),
        examples=("requests.get(u, auth=('ann', 'small-garden'))", 'req.SetBasicAuth("ann", "c4rved-oak")'),
        counterexamples=("auth=('ann', '')", "auth=(user, password)"),
        source="documentation of requests, httpx, net/http, reqwest",
    ),
    Rule(
        name="basic-auth-pair",
        pattern=r"(?i)(?:basic|http|proxy)[_\-.]?auth(?:_(?:user|users|creds|credentials|info|string|header))?[\"']?(?:\s{0,2}[:=]\s{0,2}|[ ]{1,2})[\"']?[a-z][\w.\-@]{0,63}:(?P<s>[^\s\"'`,;:/<>(){}\[\]]{4,128}+)(?=[\"'`,;)}\]]?(?:\s|$|[,;)}\]]))",
        literals=tuple(f"{kind}{joint}auth" for kind in ("basic", "http", "proxy") for joint in ("", "_", "-", ".")),
        check=lambda value: _given(value) and not value.isdigit(),
        examples=(
            "basic_auth: ann:small-garden",
            "export HTTP_AUTH=ann:c4rved-oak",
            "till --basic-auth 'ann:w1nd-mill'",
        ),
        counterexamples=(
            "basic_auth: true",
            "proxy_auth: till.example:8080",
            "http_auth: ann:$PASSWORD",
            "http-auth: off",
        ),
        source="settings of proxies, exporters and HTTP clients",
    ),
    Rule(
        name="positional-credentials",
        pattern=r"(?i)(?:\b(?:mysqli?_connect|(?:py)?mysql(?:db)?\.connect|getConnection)\(\s{0,4}(?:u?[\"'][^\"'\r\n]{0,256}[\"']\s{0,2},\s{0,4}){2}|\b(?:NetworkCredential|BasicAWSCredentials|UsernamePasswordCredentials|PasswordAuthentication|(?<=\.)login)\(\s{0,4}u?[\"'][^\"'\r\n]{1,256}[\"']\s{0,2},\s{0,4}|\bCredentials\(\s{0,4}(?:[\"'][^\"'\r\n]{1,256}[\"']\s{0,2},\s{0,4}){3}|\bjwt\.(?:encode|decode|sign|verify)\(\s{0,2}[\w.]{1,64},\s{0,2}|\bhmac\.(?:new|digest)\(\s{0,2})[bru]{0,2}[\"'](?P<s>[^\"'\r\n]{3,256}+)[\"']",
        literals=(
            "mysql_connect",
            "mysqli_connect",
            "mysql.connect",
            "mysqldb.connect",
            "getconnection(",
            "networkcredential",
            "basicawscredentials",
            "usernamepasswordcredentials",
            "passwordauthentication",
            ".login(",
            "credentials(",
            "jwt.encode",
            "jwt.decode",
            "jwt.sign",
            "jwt.verify",
            "hmac.new",
            "hmac.digest",
        ),
        check=lambda value: not placeholder(value),
        examples=('mysqli_connect("db", "ann", "qu1ck-fox", "shop")', "jwt.encode(claims, 'old-oak-tree', 'HS256')"),
        counterexamples=("smtp.login(user, password)", "jwt.decode(token, key)"),
        source="documentation of mysqli, PyMySQL, .NET, AWS SDK for Java, PyJWT, hmac",
    ),
    Rule(
        name="secret-beside-its-name",
        # The value first, then whose it is; or the parts of a form.
        pattern=r"(?i)\bvalue[\"']?\s{0,2}[=:]\s{0,2}[\"'](?P<s>[^\"'<>\r\n]{3,512}+)[\"'],?\s{1,4}[\"']?(?:name|key|field)[\"']?\s{0,2}[=:]\s{0,2}[\"'][\w.\-]{0,40}(?:passw(?:or)?d|passphrase|secret|token|api[_\-]?key)[\"']|\bname=\"[\w.\-\[\]]{0,40}(?:passw(?:or)?d|passphrase|secret|token|api[_\-]?key)[\w\]]{0,16}\"(?:\r?\n[\w\-]{1,40}:[^\r\n]{0,120}){0,3}(?:\r?\n){2}(?P<s>[^\s\\]{3,512}+)",
        shapes=(
            r"value[\"']?\s?[=:]\s?[\"'][^\"'<>\r\n]*[\"'],?\s[\"']?(?:name|key|field)[\"']?\s?[=:]",
            r"name=\"[\w.\-\[\]]+\"\r?\n",
        ),
        check=lambda value: not placeholder(value),
        examples=(
            '<property value="w1ld-goose" name="db.password"/>',
            'Content-Disposition: form-data; name="password"\r\n\r\ns1lver-fish\r\n--x',
        ),
        counterexamples=('<option value="3" name="size"/>', 'form-data; name="file"\r\n\r\ncontent'),
        source="Spring XML configuration; RFC 7578",
    ),
    Rule(
        name="actions-mask",
        pattern=r"::add-mask::(?P<s>[^\r\n]{3,1024}+)",
        literals=("::add-mask::",),
        check=lambda value: not placeholder(value.strip(" \"'")),
        examples=("::add-mask::s0ft-cloud", "run ::add-mask::" + made_up(30, 4)),
        counterexamples=("::add-mask::***", "::set-output name=x::1"),
        source="GitHub Actions documentation, workflow commands",
    ),
    Rule(
        name="mail-relay-password",
        pattern=r"\]?:(?:25|465|587|2525)\s{1,4}[\w.@+\-]{1,80}:(?P<s>[^\s\"']{3,256}+)",
        literals=(":25 ", ":465 ", ":587 ", ":2525 ", ":587\t", ":465\t"),
        check=_given,
        examples=("[smtp.example.org]:587 ann:d1m-lantern", "smtp.example.org:465 ann@example.org:" + made_up(16, 4)),
        counterexamples=("connected to smtp:587 in 12 ms", "smtp:587 status:ok"),
        source="Postfix documentation, sasl_passwd",
    ),
    Rule(
        name="rejected-input",
        # pydantic tells what a field was given: the name on one line, the value on the next.
        pattern=r"(?i)(?:passw(?:or)?d|passphrase|secret|token|api_?key|credential|private_?key)\w{0,24}(?:\.\w{1,40}){0,6}\s[^\r\n]{1,400}?input_value=(?P<q>[\"'])(?P<s>[^\"'\r\n]{3,256}+)",
        literals=("input_value=",),
        check=lambda value: not placeholder(value),
        examples=(
            "api_key\n  String should match pattern '^a' [type=string_pattern_mismatch, input_value='r1sing-sun', input_type=str]",
            "db.password\n  Value error [type=value_error, input_value='low tide', input_type=str]",
        ),
        counterexamples=(
            "token_count\n  Input should be a valid integer [type=int_parsing, input_value=12, input_type=int]",
            "name\n  Field required [input_value='x']",
        ),
        source="pydantic documentation, validation errors",
    ),
    Rule(
        name="database-login",
        pattern=r"(?i)(?<![\w./\-])(?:conn(?:ect)?|exp|imp|userid|target)[ =]{1,2}[\"']?[a-z][\w$#]{0,30}/(?P<s>[^\s\"'/@;|]{3,128}+)@(?=[\w/])",
        shapes=(
            r"(?:[Cc]onn(?:ect)?|CONN(?:ECT)?|exp|imp|userid|USERID|target)[ =]{1,2}[\"']?[A-Za-z][\w$#]{0,30}/[^\s\"'/@;|]{3,128}@",
        ),
        check=_typed,
        examples=("exp scott/w4rm.bread@orcl file=a.dmp", "CONNECT ann/st0ne-bridge@//db:1521/shop"),
        counterexamples=("connect ann@db", "exp actions/checkout@v4", "conn db7/pool2@host3 closed", "connect /@shop"),
        source="Oracle Database utilities",
    ),
    Rule(
        name="login-call",
        pattern=r"(?i)(?:(?<![\w.\-])login\(\s{0,4}u?[\"'][^\"'\r\n]{1,128}[\"']|(?<=\.)login\(\s{0,4}[\w.$]{1,64}|\b(?:getConnection|new\sPDO)\(\s{0,4}[^()\r\n,]{1,200},\s{0,4}[^()\r\n,]{1,200})\s{0,2},\s{0,4}[bru]?[\"'](?P<s>[^\"'\r\n]{3,256}+)[\"']",
        literals=("login(", "getconnection(", "new pdo("),
        check=_typed,
        examples=('login("ann", "qu1ck-fox")', 'new PDO($dsn, "ann", "st0ne.bridge")'),
        counterexamples=("smtp.login(user, password)", 'login("form", "POST")', 'login(user, "redirect-home")'),
        source="documentation of smtplib, JDBC, PDO",
    ),
    Rule(
        name="windows-option-password",
        pattern=r"(?i)\b(?:signtool\s{1,2}sign|mstsc|wfreerdp|certmgr)\b[^\r\n|;]{0,240}?\s/p[ :](?P<s>[^\s\"'/][^\s\"']{3,128}+)|\brunas\s[^\r\n|;]{0,120}?/user:\S{1,80}\s(?P<s>[^\s\"'/\\]{6,128}+)",
        literals=("signtool sign", "mstsc", "wfreerdp", "certmgr", "runas "),
        check=lambda value: _typed(value) and not value.lower().endswith((".exe", ".cmd", ".bat", ".msc", ".ps1")),
        examples=("signtool sign /f a.pfx /p st0ne-bridge a.exe", "runas /user:CORP\\ann l0ud.music"),
        counterexamples=("signtool sign /f a.pfx /pa a.exe", "runas /user:ann cmd64.exe", "runas /user:ann notepad"),
        source="manuals of SignTool, runas",
    ),
    Rule(
        name="chat-service-password",
        pattern=r"(?i)\bnickserv\s:?(?:identify|register|ghost\s[\w\-]{1,40}|recover\s[\w\-]{1,40})\s(?:[\w\-\[\]|]{1,40}\s(?=\S{0,64}\d))?(?P<s>[^\s\"':]{4,128}+)|(?m)^(?:>>?\s)?OPER\s[\w\-]{1,40}\s(?P<s>[^\s\"':]{6,128}+)",
        shapes=(r"[Nn][Ii][Cc][Kk][Ss][Ee][Rr][Vv] ", r"OPER [\w\-]{1,40} [!-~]{6}"),
        check=_typed,
        examples=("PRIVMSG NickServ :IDENTIFY st0ne-bridge", "NICKSERV IDENTIFY ann l0ud.music"),
        counterexamples=("NickServ identify first", "OPER status changed2", "NICKSERV REGISTER is off"),
        source="RFC 2812, OPER; services of IRC networks",
    ),
    Rule(
        name="redis-wire-password",
        pattern=r"(?i)(?:(?<![a-z_])|(?<=\\n))AUTH(?:\\r\\n|\r\n)(?:\$\d{1,4}(?:\\r\\n|\r\n)[\w.\-]{1,64}(?:\\r\\n|\r\n)(?=\$))?\$\d{1,4}(?:\\r\\n|\r\n)(?P<s>[^\s\"'\\]{3,512}+)|\bACL\sSETUSER\s\S{1,64}\s[^\r\n]{0,120}?>(?P<s>[^\s\"']{3,512}+)|(?m)^[ \t]{0,4}user\s\S{1,64}\s(?:on|off)\s[^\r\n>]{0,80}>(?P<s>[^\s\"']{3,512}+)",
        shapes=(
            r"[Aa][Uu][Tt][Hh](?:\\r\\n|\r\n)\$\d",
            r"(?:SETUSER|setuser) [!-~]+ [^\r\n]*>[!-~]{3}",
            r"user [\w.\-]+ (?:on|off) [^\r\n>]*>[!-~]{3}",
        ),
        check=_given,
        examples=("*2\\r\\n$4\\r\\nAUTH\\r\\n$12\\r\\nst0ne-bridge\\r\\n", "ACL SETUSER ann on >l0ud.music ~* +@all"),
        counterexamples=("AUTH\\r\\n", "ACL SETUSER ann off", "user ann on -> away"),
        source="redis protocol and ACL documentation",
    ),
    Rule(
        name="traced-arguments",
        pattern=r"\ba\d{1,2}=\"?(?:--?(?:pass|password|passwd|token|secret)|(?<=sshpass\"?\sa\d=\"?)-p)\"?\sa\d{1,2}=\"?(?P<s>[^\s\"]{3,512}+)|(?i)[\"'](?:mysql|mysqldump|mysqladmin|mariadb)[\"'],[^\r\n\]]{0,240}?[\"']-p(?P<s>[^\s\"',]{3,128}+)",
        shapes=(r"a\d{1,2}=\"?-[\w\-]{1,10}\"? a\d{1,2}=", r"(?:mysql\w{0,8}|mariadb)[\"'],[^\r\n\]]*[\"']-p[!-~]"),
        check=_behind_p,
        examples=(
            'a0="sshpass" a1="-p" a2="st0ne-bridge"',
            'execve("/usr/bin/mysql", ["mysql", "-pl0ud.music"], 0x7ffe)',
        ),
        counterexamples=(
            'a0="ls" a1="-l" a2="/srv"',
            '["mysql", "-p", "3306"]',
            '["mariadb", "-pager"]',
            'a0="mkdir" a1="-p" a2="data2024"',
        ),
        source="auditd, EXECVE records; strace manual",
    ),
    Rule(
        name="sql-cipher-key",
        pattern=r"(?i)\b(?:pgp_sym_(?:en|de)crypt(?:_bytea)?|(?:aes|des)_(?:en|de)crypt|(?:en|de)cryptbypassphrase)\(\s{0,4}(?:'[^'\r\n]{0,512}'|[\w.]{1,80})(?:::\w{1,16})?\s{0,4},\s{0,4}'(?P<s>[^'\r\n]{3,256}+)|(?i)\bcrypt\(\s{0,4}'(?P<s>[^'\r\n]{2,256}+)'\s{0,4},",
        literals=("pgp_sym_", "aes_encrypt", "aes_decrypt", "des_encrypt", "des_decrypt", "bypassphrase(", "crypt('"),
        check=lambda value: not placeholder(value) and not value.lower().startswith("aes"),
        examples=(
            "select pgp_sym_encrypt('x', 'st0ne-bridge')",
            "AES_DECRYPT(card, 'quiet-corner')",
            "SELECT crypt('st0ne-bridge', gen_salt('bf'))",
        ),
        counterexamples=("pgp_sym_encrypt(x, key)", "AES_ENCRYPT(card, @key)"),
        source="PostgreSQL manual, pgcrypto; MySQL manual, encryption functions",
    ),
    Rule(
        name="address-userinfo",
        pattern=r"(?i)(?<![\w/.])(?:sips?|turns?|xmpp|sftp|ftp)[: ][\w.\-]{1,64}:(?P<s>[^\s\"'/@:<>]{4,128}+)@(?=[a-z0-9])",
        shapes=(r"(?:sips?|turns?|xmpp|sftp|ftp)[: ][\w.\-]{1,64}:[^\s\"'/@:<>]{4,128}@",),
        check=_userinfo,
        examples=("sip:ann:st0ne-bridge@example.org", "sftp ann:l0ud.music@files.example.org"),
        counterexamples=("sip:ann@host7", "scp a:b c:d", "turn:relay.example.org:3478"),
        source="RFC 3261, section 19.1.1",
    ),
    Rule(
        name="said-password",
        pattern=r"(?i)(?<![\w/.\-])(?P<s>[^\s\"',;:/()<>=]{6,64}+)[\"']?\s(?:as|is)\s(?:the\s|your\s|my\s|its\s|our\s)?(?:(?:new|temporary)\s)?(?:pass(?:word|phrase|code)|pin)\b(?![ \-](?:protected|hash|reset|manager|policy|based|field|prompt|screen|source|file|input|strength|type|stor|bucket))|\bcred(?:ential)?s?\s(?:are|were|is)\s[\w.@\-]{1,64}\s?[/:]\s?(?P<s>[^\s\"',;]{6,64}+)|(?<![\w/])p/w\s?[:=]\s?(?P<s>[^\s\"',;]{4,64}+)",
        literals=(
            "as password",
            "as the password",
            "as your password",
            "as passphrase",
            "as the passphrase",
            "is the password",
            "is the new password",
            "is your new password",
            "is the temporary password",
            "is your password",
            "is my password",
            "is the passphrase",
            "as passcode",
            "is your passcode",
            "creds are",
            "credentials are",
            "p/w:",
            "p/w =",
            "p/w=",
        ),
        check=_typed,
        examples=("log in with ann and st0ne-bridge as password", "credentials are ann / l0ud.music"),
        counterexamples=(
            "used ann as password",
            "credentials are not valid2",
            "report-2.pdf as password protected",
            "sha256 as password hash",
        ),
        source="messages between people",
    ),
    Rule(
        name="rejected-field",
        # The same as pydantic's list of errors, which FastAPI answers with and services log: where, why, what was given.
        pattern=r"(?i)[\"']loc[\"']\s?:\s?[(\[][^()\[\]\r\n]{0,200}?(?:(?:passw(?:or)?d|passphrase|secret|api_?key|credential|private_?key)\w{0,24}|token)[\"'],?\s?[)\]](?:(?![\"'](?:loc|input)[\"'])[^\r\n]){1,400}?[\"']input[\"']\s?:\s?(?P<q>[\"'])(?P<s>[^\"'\r\n]{3,256}+)",
        literals=("'loc'", '"loc"'),
        check=lambda value: not placeholder(value),
        examples=(
            "[{'type': 'string_too_long', 'loc': ('body', 'password'), 'msg': 'Too long', 'input': 'low tide'}]",
            '{"detail":[{"loc":["body","db","api_key"],"msg":"String should match","input":"r1sing-sun","ctx":{}}]}',
        ),
        counterexamples=(
            "[{'type': 'int_parsing', 'loc': ('body', 'max_tokens'), 'msg': 'No integer', 'input': 'lots'}]",
            "[{'loc': ('body', 'password'), 'msg': 'Missing', 'input': {'user': 'bob'}}, {'loc': ('body', 'age'), 'input': 'young'}]",
        ),
        source="pydantic documentation, validation errors",
    ),
    Rule(
        name="login-attempt",
        pattern=r"(?i)\blogin\sattempt:?\s\[(?:b[\"'])?[^\s\"'/\]]{1,64}[\"']?/(?:b[\"'])?(?P<s>[^\s\"'\]]{1,256}+)[\"']?\]",
        literals=("login attempt",),
        check=lambda value: not placeholder(value),
        examples=("login attempt [ann/st0ne-bridge] failed", "login attempt [b'root'/b'l0ud.music'] succeeded"),
        counterexamples=("login attempt [ann] failed", "login attempt 3/5 failed"),
        source="Cowrie documentation, events",
    ),
    Rule(
        name="signature-header",
        pattern=r"(?i)(?<![A-Za-z])(?:x-[\w\-]{1,40}|[a-z]{3,20}|webhook|linear|stripe|paddle|svix)-signature(?:-\w{1,8})?[\"']?\s{0,2}[:,=]\s{0,2}(?:b?[\"'])?(?P<s>(?:[\w\-]{1,16}=)?[\w\-.+/=,:]{16,1024}+)",
        literals=("-signature",),
        check=lambda value: (
            any(plain_hex(piece) and len(piece) >= 32 for piece in value.replace("=", ",").split(","))
            or noisy(value, 0.35)
        ),
        examples=(
            "X-Hub-Signature-256: sha256=" + made_up(64, 3, hexadecimal=True),
            "Stripe-Signature: t=1767777777,v1=" + made_up(64, 6, hexadecimal=True),
        ),
        counterexamples=("x-amz-signature: missing", "x-hub-signature-256: absent in the request"),
        source="GitHub and Stripe documentation, webhook signatures",
    ),
)
