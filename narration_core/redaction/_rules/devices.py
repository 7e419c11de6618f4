"""Secrets in the settings of network devices and daemons, where a keyword and a blank stand before them."""

from typing import Final

from narration_core.redaction._checks import noisy, placeholder, typed
from narration_core.redaction._rule import Rule, made_up


def _given(value: str) -> bool:
    return not placeholder(value)


def _odd(value: str) -> bool:
    return _given(value) and (any(map(str.isdigit, value)) or noisy(value, 0.3))


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        name="routing-key",
        pattern=r"(?i)(?:\b(?:ip\sospf|ipv6\sospf|isis|ip\srip|ip\snhrp|vrrp\s\d{1,3}|standby\s\d{1,4}|glbp\s\d{1,4}|ntp|area\s\S{1,16})\s{1,2}(?:authentication(?:-key|-string|\smd5\skey-string|\stext)?|password)\s(?:\d\s)?(?!key-|message-|md5|text|ipsec|null)|\bppp\s(?:chap|pap\ssent-username\s\S{1,64})\spassword\s(?:\d\s)?|\bcrypto\s(?:isakmp|ikev[12])\skey\s(?:\d\s)?|\bset\ssnmp\scommunity\s\"?|\bset\s(?:psksecret|passwd|auth-pwd|priv-pwd|ppk-secret|ldap-password|radius-secret|secret|key)\s(?:ENC\s)?\"?|\bset\spassword\sENC\s|\bpre-shared-secret\s[\"']?|\bmpls\sldp\sneighbor\s\S{1,64}\spassword\s(?:\d\s)?|\bsecurity-association\s[^\r\n]{0,80}?\s(?:ascii-text|hexadecimal)\s\"?)(?P<s>[^\s\"';]{4,256}+)",
        literals=(
            "ospf auth",
            "isis password",
            "rip auth",
            "nhrp auth",
            "ntp authentication-key",
            "standby ",
            "glbp ",
            "vrrp ",
            "chap password",
            "sent-username",
            "isakmp key",
            "ikev1 key",
            "ikev2 key",
            "set snmp community",
            "set psksecret",
            "set passwd",
            "set auth-pwd",
            "set priv-pwd",
            "set ppk-secret",
            "set ldap-password",
            "set radius-secret",
            "set password enc",
            "pre-shared-secret",
            "ldp neighbor",
            "security-association",
        ),
        check=_odd,
        examples=(
            "crypto isakmp key t1n-whistle address 10.0.0.2",
            "set vpn ipsec site-to-site peer 10.0.0.2 authentication pre-shared-secret w1nd.mill",
        ),
        counterexamples=(
            "ip ospf authentication message-digest",
            "standby 1 priority 110",
            "crypto isakmp policy 10",
            "set passwd",
        ),
        source="command references of Cisco IOS, Junos, FortiOS, VyOS",
    ),
    Rule(
        name="snmp-user",
        pattern=r"(?i)\bsnmp(?:-server\s|v3\s|\s)?[^\r\n]{0,120}?\s(?:auth(?:entication)?\s(?:md5|sha(?:-?\d{3})?)|priv(?:acy)?\s(?:des|3des|aes)(?:[ \-]\d{3})?)\s(?:encrypted\s|\d\s)?(?P<s>[^\s\"']{6,128}+)|(?i)(?<=\bauth\s(?:md5|sha)\s[^\s]{4,128}\s)priv\s(?:des|3des|aes)(?:[ \-]\d{3})?\s(?P<s>[^\s\"']{6,128}+)|(?i)\bcreateUser\s\S{1,64}\s(?:MD5|SHA\S{0,4})\s[\"']?(?P<s>[^\s\"']{6,128}+)",
        literals=("auth md5 ", "auth sha ", "auth sha-", "priv aes", "priv des", "priv 3des", "createuser "),
        check=_given,
        examples=("snmp-server user ann grp v3 auth sha t1n-whistle", "createUser ann SHA w1nd.mill AES"),
        counterexamples=("snmp-server user ann grp v3 auth sha", "snmp: auth md5 is off"),
        source="Cisco IOS command reference, snmp-server user; net-snmp manual, snmpd.conf",
    ),
    Rule(
        name="device-hash",
        pattern=r"(?<![\w$])(?P<s>\$[89]\$[./A-Za-z0-9\-]{8,24}+(?:\$[./A-Za-z0-9]{20,64}+)?|\$9\$[./A-Za-z0-9\-]{8,160}+)",
        shapes=(r"(?:\$8\$|\$9\$)[./A-Za-z0-9\-]{8}",),
        examples=(
            "username ann secret 9 $9$" + made_up(14, 3) + "$" + made_up(43, 5),
            'secret "$9$' + made_up(20, 4) + '"; ## SECRET-DATA',
        ),
        counterexamples=("costs $8$ or $9$", "$9$short"),
        source="Cisco IOS and Junos command references, encrypted passwords",
    ),
    Rule(
        name="daemon-password",
        pattern=r"(?i)(?:\binsecure-password\s{1,4}|\bstats\s{1,4}auth\s{1,4}[\w.\-]{1,64}:|:\s(?:EAP|XAUTH|NTLM|RSA\s\S{1,120})\s\"|\bregister\s?=>?\s{0,2}[\w.\-+]{1,64}(?:@[\w.\-]{1,80})?:|\bcache_peer\s[^\r\n]{0,120}?\blogin=[\w.\-]{1,64}:|\bldap_default_authtok\s?=\s?|\bAuthLDAPBindPassword\s[\"']?|\bauth_param\s[^\r\n]{0,120}?\s-w\s|\b(?:login|masterauth|leap)_?secret\s|\bDefaultPassword\s{1,8}REG_SZ\s{1,8})(?P<s>(?:[^\s\"'@]|@(?=[^\s\"'@]{1,64}@)){4,256}+)",
        literals=(
            "insecure-password",
            "stats auth ",
            ': eap "',
            ': xauth "',
            ': ntlm "',
            ": rsa ",
            "register =",
            "cache_peer",
            "ldap_default_authtok",
            "authldapbindpassword",
            "auth_param",
            "defaultpassword  ",
            "defaultpassword\t",
        ),
        check=_given,
        examples=(
            "register => ann:t1n-whistle@sip.example.org/ann",
            "  user ann insecure-password w1nd.mill",
            'ann : XAUTH "bl4ck-tea"',
            "    DefaultPassword    REG_SZ    gr3en-leaf",
        ),
        counterexamples=(
            "register => done",
            "stats auth enabled",
            ": EAP method 25 started",
            "DefaultPassword  REG_DWORD",
        ),
        source="manuals of HAProxy, strongSwan, Asterisk, Squid, SSSD",
    ),
    Rule(
        name="secrets-file-line",
        # The file of PPP: whom, where, the secret, from which address.
        pattern=r"(?m)^[ \t]{0,8}\"?[\w.\-@\\]{1,64}\"?[ \t]{1,16}(?:\*|pptpd|l2tpd|xl2tpd|ppp|pppoe-server|\"\*\")[ \t]{1,16}\"?(?P<s>[^\s\"]{4,128}+)\"?[ \t]{1,16}(?:\*|[\d.]{7,15})[ \t]{0,8}+$",
        shapes=(r"(?:pptpd|l2tpd|pppoe-server|\" \* \"|\"\t\*\t\")[ \t]{0,80}\"?[!-~]{4}",),
        check=typed,
        examples=('"ann" * "t1n-whistle" *', "ann\tpptpd\tw1nd!mill\t*"),
        counterexamples=("a * b * c", "ann * ann2 *"),
        source="pppd manual, authentication",
    ),
)
