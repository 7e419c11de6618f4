"""Passwords that are arguments of less known programs and statements, each found by what stands right before it."""

import re
from typing import Final

from narration_core.redaction._checks import placeholder, plain_hex, random_looking, uuid_like
from narration_core.redaction._rule import Rule, made_up

# A word and its number, a file, an option: the name of a thing.
_THING: Final = re.compile(r"[A-Za-z]+[\-_]?\d{0,6}(?:\.\w{1,5})?|v?[\d.:/]+|[a-z\-]+/[\w.\-/]+")


def _given(value: str) -> bool:
    return not placeholder(value) and not value.startswith(("-", "/", "./", "~/", "$", "@", "<", "%"))


def _typed(value: str) -> bool:
    """A word that no name of a thing looks like."""
    return _given(value) and len(value) >= 6 and _THING.fullmatch(value) is None


def _key(value: str) -> bool:
    return random_looking(value, 16, 0.33) and not placeholder(value)


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        name="argument-password",
        pattern=r"(?i)(?:\badmin\suser\sadd\s\S{1,64}\s\S{1,64}\s|\bencrypt_string\s(?:--(?:name|encrypt-vault-id|vault-id)[ =]\S{1,64}\s){0,3}|\bupwd\s(?:--uri=\S{1,80}\s)?\S{1,64}\s(?:--password=)?|\buser\sset\spassword\s\d{1,3}\s|\bsecret-set-value\s\S{1,64}\s(?:--base64\s)?|\betcdctl\s(?:--\S{1,80}\s){0,6}user\sadd\s[\w.\-]{1,64}:|(?<![\w\-])(?:rocommunity|rwcommunity|trapcommunity)6?\s|\bactivate-refresh-token\s\S{1,80}\s|--plaintext[ =]|\bmkpasswd\s(?:-[\w\-]{1,12}(?:[ =](?:sha-?\d{3}|md5|bcrypt|yescrypt|scrypt|des|\d{1,6}))?\s){1,4}(?!sha|md5|bcrypt|yescrypt|scrypt|des\b|help)|\bkadmin[^\r\n|;]{0,80}\s(?:addprinc|ank|cpw)\s(?:-\w{1,12}\s){0,3}-pw\s|\bwinrs\s[^\r\n|;]{0,120}?[-/]p(?:assword)?:|\bswaks[^\r\n|;]{0,200}?\s-ap\s|\bIDENTIFIED\sBY\s[^\s\"']{1,128}\sREPLACE\s|\bauth\sdigest\s[\w.\-]{1,64}:|\baddauth\sdigest\s[\w.\-]{1,64}:)[\"']?(?P<s>[^\s\"';|]{4,512}+)",
        literals=(
            "admin user add ",
            "encrypt_string ",
            "upwd ",
            "user set password ",
            "secret-set-value ",
            "etcdctl ",
            "rocommunity",
            "rwcommunity",
            "trapcommunity",
            "activate-refresh-token ",
            "--plaintext",
            "mkpasswd -",
            "kadmin",
            "winrs ",
            "swaks ",
            " replace ",
            "auth digest ",
        ),
        check=_given,
        examples=(
            "mc admin user add local ann t1n-whistle",
            "ansible-vault encrypt_string 'w1nd.mill' --name a",
            "caddy hash-password --plaintext bl4ck-tea",
            "zkCli: addauth digest ann:gr3en.leaf",
            "ALTER USER ann IDENTIFIED BY r0und-table REPLACE qu1et-lake",
        ),
        counterexamples=(
            "mc admin user add local ann",
            "ansible-vault encrypt_string --name a",
            "caddy hash-password --plaintext",
            "IDENTIFIED BY EXTERNALLY or REPLACE it",
            "zookeeper auth digest enabled",
            "mkpasswd -m sha-512",
        ),
        source="manuals of mc, ansible-vault, drush, ipmitool, virsh, etcd, net-snmp, gcloud, caddy, mkpasswd, kadmin, winrs, swaks, ZooKeeper; Oracle SQL reference",
    ),
    Rule(
        name="secret-literal",
        pattern=r"(?i)\bsecret\b[^\r\n|;]{0,200}?--from-literal[ =][\"']?[\w.\-]{1,64}=[\"']?(?P<s>[^\s\"']{3,1024}+(?:[\"']?\s{1,4}--from-literal[ =][\"']?[\w.\-]{1,64}=[\"']?[^\s\"']{1,1024}+){0,32}+)",
        literals=("--from-literal",),
        check=_given,
        examples=(
            "kubectl create secret generic a --from-literal=b=t1n-whistle",
            "kubectl create secret generic a --from-literal user=w1nd.mill",
        ),
        counterexamples=("kubectl create configmap a --from-literal=b=c1d2e3", "create secret with --from-literal"),
        source="kubectl reference, create secret generic",
    ),
    Rule(
        name="echoed-password",
        pattern=r"(?i)\b(?:echo|printf)\s(?:-[ne]{1,2}\s)?[\"']?(?P<s>[^\s\"'|;$)]{4,512}+(?:[\"']?;\s{0,2}echo\s[\"']?[^\s\"'|;$)]{1,512}+)?)[^\r\n|]{0,200}\|\s?(?:sudo\s)?(?:passwd|smbpasswd|su|vncpasswd|chsh|gpg)\s(?!-c\s)|\b(?:vncpasswd|smbpasswd|passwd|gpg)\b[^\r\n|;<]{0,120}<<<\s?[\"']?(?P<s>[^\s\"'$]{4,512}+)",
        literals=("| passwd ", "| smbpasswd ", "| su ", "| vncpasswd ", "| sudo passwd ", "| sudo smbpasswd ", "<<<"),
        check=_typed,
        examples=(
            'echo -e "t1n-whistle\\nt1n-whistle" | passwd ann',
            "(echo w1nd.mill; echo w1nd.mill) | smbpasswd -s ann",
            "vncpasswd -f <<< bl4ck-tea",
        ),
        counterexamples=("echo $PASS | su - ann", "echo done | su -", 'passwd ann <<< "$NEW"'),
        source="usual pipelines",
    ),
    Rule(
        name="domain-user-password",
        pattern=r"(?i)\b(?:impacket-\w{2,20}|(?:secretsdump|psexec|wmiexec|smbexec|atexec|dcomexec|smbclient|getTGT|getST|GetNPUsers|GetUserSPNs|mssqlclient)\.py)\s[^\r\n|;]{0,120}?[\w.\-]{1,64}/[\w.\-$]{1,64}:[\"']?(?P<s>[^\s\"'@][^\s\"']{2,127}?)(?=[\"']?@|[\"'\s]|$)",
        literals=(
            "impacket-",
            "secretsdump.",
            "exec.py ",
            "smbclient.py",
            "gettgt.py",
            "getst.py",
            "getnpusers.",
            "getuserspns.",
            "mssqlclient.",
        ),
        check=_given,
        examples=("secretsdump.py corp/ann:'t1n-whistle'@dc1", "impacket-psexec corp/ann:w1nd.mill@10.0.0.7"),
        counterexamples=("psexec.py corp/ann@dc1", "impacket-psexec -h"),
        source="Impacket documentation",
    ),
    Rule(
        name="snmp-password",
        pattern=r"(?i)\bsnmp(?:get|getnext|walk|set|bulkget|bulkwalk|trap|table|inform|status|df|test)[^\r\n|;]{0,200}?\s-[AX]\s[\"']?(?P<s>[^\s\"']{4,128}+(?:[\"']?\s(?:-x\s\w{2,8}\s)?-X\s[\"']?[^\s\"']{4,128}+)?)",
        literals=(
            "snmpget",
            "snmpwalk",
            "snmpset",
            "snmpbulk",
            "snmptrap",
            "snmptable",
            "snmpinform",
            "snmpstatus",
            "snmpdf",
            "snmptest",
        ),
        check=_given,
        examples=("snmpget -v3 -u ann -A t1n-whistle -X w1nd.mill host", "snmpwalk -v3 -l authPriv -A bl4ck-tea host"),
        counterexamples=("snmpget -v2c host 1.3.6", "snmpwalk -v3 -A $PASS host"),
        source="net-snmp manual, snmpcmd",
    ),
    Rule(
        name="runner-token",
        pattern=r"(?i)\bgitlab-runner\s(?:register|verify)[^\r\n|;]{0,256}?\s-(?:r|t)[ =](?P<s>[^\s\"',;|]{12,256}+)|--auth[ =][\"']?(?P<s>[\w\-.]{16,512}+)(?![\w:@/])",
        literals=("gitlab-runner ", "--auth ", "--auth="),
        check=_key,
        examples=("gitlab-runner register -n -r " + made_up(20, 3), "netlify deploy --auth " + made_up(43, 5)),
        counterexamples=("gitlab-runner register -n", "server --auth required", "mongod --auth --port 27017"),
        source="manuals of gitlab-runner, netlify, nats-server",
    ),
    Rule(
        name="database-key",
        pattern=r"(?i)\b(?:PRAGMA\s{1,4}(?:hex)?(?:re)?key\s{0,4}=\s{0,4}(?:\"x'|[\"'])|ATTACH\s{1,4}(?:DATABASE\s{1,4})?(?:[\"'][^\"'\r\n]{1,200}+[\"']|[^\s;\"']{1,200}+)\sAS\s{1,4}\w{1,64}\s{1,4}KEY\s{1,4}[\"']|sp_(?:password|addlogin|changepassword)\s(?:@\w{1,16}\s{0,2}=\s{0,2}N?'[^'\r\n]{0,128}+',\s{0,2})??@(?:old|new|passwd|password)\s{0,2}=\s{0,2}N?')(?P<s>[^\"'\r\n]{3,512}+(?:'\s{0,2},\s{0,2}@new\s{0,2}=\s{0,2}N?'[^'\r\n]{3,256}+)?)",
        literals=(
            "pragma key",
            "pragma rekey",
            "pragma hexkey",
            "pragma hexrekey",
            "attach ",
            "sp_password",
            "sp_addlogin",
            "sp_changepassword",
        ),
        check=lambda value: not placeholder(value),
        examples=(
            "PRAGMA key = 't1n-whistle'",
            "ATTACH DATABASE 'a.db' AS b KEY 'w1nd.mill'",
            "sp_password @old='bl4ck-tea', @new=NULL",
        ),
        counterexamples=(
            "PRAGMA foreign_keys = ON",
            "PRAGMA key = ?",
            "ATTACH DATABASE 'a.db' AS b",
            "the key 'users:42' is gone",
        ),
        source="SQLCipher API; Transact-SQL reference",
    ),
    Rule(
        name="network-join-code",
        # What a QR code of a wireless network says.
        pattern=r"(?i)(?<![a-z])WIFI:(?:[TSHEAIR]{1,3}:[^;\r\n]{0,64}+;){0,6}+P:(?P<s>(?:[^;\\\r\n]|\\.){3,128}+)",
        literals=("wifi:",),
        check=lambda value: not placeholder(value),
        examples=("WIFI:T:WPA;S:home;P:t1n-whistle;;", "scanned WIFI:S:guest;T:WPA;P:w1nd.mill;H:true;;"),
        counterexamples=("WIFI:T:nopass;S:home;;", "wifi: P:12 lost"),
        source="ZXing documentation, barcode contents",
    ),
    Rule(
        name="expected-token",
        # Only in a text that speaks of such a thing; hashes have other words.
        pattern=r"(?i)\b(?:expected|got|received|provided|key is)[ :=]{1,3}[\"'`]?(?P<s>[A-Za-z0-9_\-+/=]{20,512}+)(?![\w.(])",
        sieve=r"(?i)\b(?:token|csrf|xsrf|secret|signature|key is)\b",
        literals=("mismatch", "csrf", "xsrf", "key is "),
        check=lambda value: random_looking(value, 20, 0.33) and not plain_hex(value) and not uuid_like(value),
        examples=(
            "token mismatch: expected " + made_up(32, 3) + " got nothing",
            "csrf check failed, got '" + made_up(40, 5) + "'",
        ),
        counterexamples=(
            "unexpected token: expected end_of_the_statement_here",
            "checksum mismatch: expected " + made_up(64, 3, hexadecimal=True),
            "the token was invalidated_by_the_server_side",
        ),
        source="messages of failed comparisons",
    ),
    Rule(
        name="told-for-a-user",
        pattern=r"(?i)\bpassword\sfor\sthe\s[^\r\n:]{1,96}(?:\([^()\r\n]{1,80}\)|\bis):\s{1,4}(?P<s>[^\s\"']{6,128}+)|\bNew\svalue:\s(?P<s>[\w*+=\-]{18,64}+)(?=\s|$)|\b(?:login|logon|authentication|auth)\sfailed\sfor\s(?:user\s)?[\w.\-]{1,64}:(?=[^\s\"',;:/]{0,64}[!@#$%^&*+~])(?P<s>[^\s\"',;:/]{6,128}+)|\bdial\stcp:\slookup\s[\w.\-]{1,64}:(?P<s>[^\s\"'@/]{4,128}+)@|\bunseal\skey(?:\s\d{1,2})?(?:\s\([^()\r\n]{1,40}\))?:\s(?P<s>[\w+/=]{16,128}+)|\bmaiden\sname[\"']?\s?(?:is|[:=])\s?[\"']?(?P<s>[A-Z][\w'\-]{2,40}+)",
        literals=("password for the ", "new value: ", "maiden name", " failed for ", "unseal key", "dial tcp: lookup "),
        check=lambda value: not placeholder(value) and (value.isalpha() or _typed(value)),
        examples=(
            "Password for the elastic user (reset with bin/x): " + made_up(20, 3),
            "mother's maiden name: Winterbottom",
            "Unseal Key 3 (will be hidden): " + made_up(44, 4),
        ),
        counterexamples=(
            "Password for the user (see below): expired",
            "login failed for db1:5432",
            "login failed for app:v1.2.3",
            "login failed for shop:auth-v2",
            "New value: 4096",
            "New value: enabled",
            "maiden name is missing",
        ),
        source="messages of Elasticsearch; usual security questions",
    ),
    Rule(
        name="backup-code-list",
        pattern=r"(?i)\b(?:backup|recovery|scratch|emergency)[ _]codes?[\"']?(?:[ ]are)?[ ]?[:=]?[ ]{1,2}\[?(?P<s>(?:[\"']?[A-Za-z0-9]{4,10}(?:-[A-Za-z0-9]{4,10}){0,2}[\"']?(?:,[ ]?|[ ])(?=[\"']?[A-Za-z0-9]{0,9}\d)){0,24}[\"']?[A-Za-z0-9]{4,10}(?:-[A-Za-z0-9]{4,10}){0,2}+)(?![\w.])",
        literals=("backup code", "recovery code", "scratch code", "emergency code", "backup_code", "recovery_code"),
        check=lambda value: all(
            len(piece) > 5
            and _THING.fullmatch(piece) is None
            and re.search(r"\d", piece)
            and re.search(r"[A-Za-z]", piece)
            for piece in re.findall(r"[\w\-]+", value)
        ),
        examples=("backup codes: 7k2m9q4w x8v3n6p1", "your recovery code is lost, backup code 4f7k-92mx"),
        counterexamples=("backup codes: 10 left", "recovery code verified", "backup codes sha256 hashed"),
        source="usual lists of codes for a second factor",
    ),
)
