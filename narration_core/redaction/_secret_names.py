"""Which names hold secrets: one verdict a name, decided by its words and kept (keys decide before values)."""

import re
from collections.abc import Collection
from enum import IntEnum
from functools import lru_cache
from typing import Final

from narration_core._bounded import BoundedDict
from narration_core._event import FIELDS, RENAMED
from narration_core.redaction._name_sieve import NameSieve
from narration_core.redaction._provider_names import PROVIDERS
from narration_core.redaction._secret_words import (
    FOREIGN_KEYS,
    FOREIGN_SECRETS,
    FOREIGN_TOKENS,
    LONGEST_ENDING,
    PASSWORD_WORDS,
    SESSION_NAMES,
    folded,
    foreign_password,
    foreign_stems,
    foreign_words,
)


class Verdict(IntEnum):
    """What a name says about its value.

    Compare it with `==`: where a test takes back what was imported in it, as `patch.dict(sys.modules)` does, this module
    is loaded twice.
    """

    SAFE = 0
    """Says nothing, or says that it is none: only the value's own format counts."""
    WEAK = 1
    """May name a secret (`key`, `auth`): a value that looks random is one."""
    MEDIUM = 2
    """Names a credential in code and configuration (`token`): any value but words and small numbers is one."""
    STRONG = 3
    """Names a secret whatever the value is (`secret`), but a path of a file stands, and so does what reads like a placeholder."""
    PASSWORD = 4
    """Names a password: any value is one but exactly a placeholder."""


SAFE, WEAK, MEDIUM, STRONG, PASSWORD = Verdict
"""The same by names of their own: to read a member from its class takes five times as long."""

TAXONOMY: Final = frozenset((*FIELDS, *RENAMED, *"formatted traceparent tracestate event_id request_id run_id".split()))
"""Names of an event's own fields and of well-known ids: their numbers and ids are never taken for secrets."""

_STRONG_WORDS: Final = (
    frozenset(
        (
            "secret secrets secretkey "
            "apikey apikeys accesskey secretaccesskey accesstoken authtoken refreshtoken bearertoken idtoken sessiontoken "
            "privatekey encryptionkey masterkey signingkey sharedkey accountkey authkey licensekey clientsecret appsecret "
            "credential credentials creds cred authorization pin otp totp cvv cvc cvv2 ssn seedphrase recoveryphrase mnemonic cookie "
            "cookies setcookie xauthtoken xapikey hapikey sshkey jwt "
            "sharedsecret consumersecret sessionkey connectionstring psk presharedkey crumb sessioncookie "
            "pincode otpcode totpcode mfacode smscode securitycode verificationcode recoverycode backupcode recoverycodes backupcodes "
            "activationcode unlockcode doorcode accesscode resetcode logincode confirmationcode onetimecode onetimepassword authcode "
            "securityanswer secretanswer codeverifier devicecode clientassertion samlresponse samlrequest samlassertion "
            "totpseed totpsecret walletseed mnemonicphrase keymaterial connstr 2facode 2fatoken mfatoken twofactorcode scratchcodes scratchcode gatecode alarmcode entrycode safecombination vaultcombination "
            "dockerauthconfig dockerconfigjson snmpcommunity communitystring rocommunity rwcommunity saslconfig jaasconfig"
        ).split()
    )
    | {folded(word) for word in FOREIGN_SECRETS}
    | FOREIGN_SECRETS
)
_PASSWORD_STEMS: Final = ("password", "passwd", "passphrase", "pswd")
_NO_PASS: Final = frozenset(
    [
        "compass",
        "bypass",
        "trespass",
        "surpass",
        "overpass",
        "underpass",
        "encompass",
        "nopass",
        "nopasswd",
        "nopassword",
        "subpass",
        "multipass",
        "firstpass",
        "secondpass",
        "renderpass",
    ]
)
_STEMS: Final = ("password", "passwd", "passphrase", "secret", "apikey", "accesskey", "privatekey", "accesstoken", "authtoken",
                 "credential", "clientsecret", "secretkey", "softlayerapi", "pswd")  # fmt: skip
_NO_STEM: Final = frozenset(
    [
        "secretary",
        "secretaries",
        "secretariat",
        "secretion",
        "passwordless",
        "keyless",
        "secretsmanager",
        "secretstorage",
        "libsecret",
    ]
)

_TOKEN_WORDS: Final = (
    frozenset(
        ["token", "bearer", "jwttoken", "csrf", "xsrf", "verifier", "signature", "sig", "passfile", "keyfilejson"]
    )
    | FOREIGN_TOKENS
)
# A part of a form or of a screen that is typed into, a reference: the end of a name that still holds the secret.
_ENTRY: Final = frozenset(["field", "input", "text", "box", "txt", "edit", "entry", "ref", "string", "str", "value"])
_SECRET_TEXTS: Final = frozenset((word, "text") for word in ("secret", "token", "key"))
# An address that signs in whoever has it.
_OPENING: Final = frozenset(
    [
        "reset",
        "magic",
        "activation",
        "verification",
        "login",
        "signin",
        "confirmation",
        "invite",
        "invitation",
        "unsubscribe",
    ]
)
# A question about a password, answered by yes or no.
_ASKING: Final = frozenset(
    "has have is was needs need require requires required show hide allow enable disable skip force save remember without with no use uses".split()
)
_STORES: Final = frozenset(
    "database db redis mongo mongodb postgres postgresql mysql amqp rabbitmq broker celery sentry cache jdbc".split()
)
_ADDRESSES: Final = frozenset(["link", "url", "uri"])
_SESSIONS: Final = frozenset(map(folded, SESSION_NAMES))
_SESSION_STARTS: Final = ("connectionstring", "wordpressloggedin", "wordpresssec", "aspsessionid")
# What makes a "key" one that opens something.
_KEY_OPENERS: Final = frozenset(
    (
        "api access secret private encryption decryption encrypt signing sign master shared account auth "
        "authentication license licence consumer app application deploy storage service client user admin root hmac "
        "aes rsa ssh dsa pgp gpg webhook subscription integration insert ingest ingestion write read server session "
        "rest personal project write publishable restricted bot merchant product activation security cipher symmetric "
        "wrapping kek dek seed wallet signature customer jwt org team management functions function host_key "
        "admin_key partner dev developer prod production live staging test sandbox"
    ).split()
)
_KEY_SAFE: Final = frozenset(
    (
        "public pub kernel primary foreign sort partition cache row hash index range group lookup s parameter output variable unique composite natural "
        "surrogate dict map object s3 bucket redis routing message queue join search config configuration option "
        "setting settings arrow enter shift ctrl alt esc tab hot function fn home end page up down translation i18n "
        "locale label idempotency dedupe dedup shard event feature flag sequence order host known authorized column "
        "field property attribute header metadata meta tag block file path registry reg storage_class answer turn low "
        "high major minor last first next prev previous start stop same new old each every any no this that the a an "
        "by per on off press pressed"
    ).split()
)
_WEAK_WORDS: Final = frozenset(
    (
        "key keys auth authentication oauth login session sess sid salt nonce license licence serial "
        "hook assertion webhook access account tokens api sas dsn hmac code state certificate cert pat "
        "community seed private kek dek"
    ).split()
) | {word for key in FOREIGN_KEYS for word in (key, folded(key))}
# A name that ends like this talks about a secret, it does not hold one.
_SAFE_LAST: Final = frozenset(
    (
        "count counts counter total totals num number type types id ids ttl limit limits name names url urls uri uris "
        "endpoint path paths file files filename dir directory folder version versions enabled disabled length len "
        "size sizes bytes status state expiry expires expiration expire expired exp at ms sec secs seconds minutes "
        "hours days policy policies reset rotation rotated hint field fields attempt attempts age index idx usage "
        "used budget bucket rate rates max min avg prefix suffix algorithm alg algo method methods mode modes "
        "provider providers manager store stores storage header headers ring format formats changed updated created "
        "required optional valid validity exists env arn ref refs reference label labels description title kind scope "
        "scopes issuer audience strength rules rule complexity validator validation verify verification verified "
        "check checks checked error errors failed failure failures success timeout timeouts interval window date time "
        "timestamp lifetime duration ms in out per input output inputs outputs prompt completion left remaining "
        "source sources server service host port region account user username email owner helper helpers handler "
        "factory class func function callback generator parser reader writer loader backend vault operator plugin "
        "module package schema table column template model selector supported support list map set cache pool queue "
        "batch stream stats metrics tests flow grant grants page screen form button link text message "
        "placeholder example sample docs doc help info metadata meta config configuration settings options option "
        "params"
    ).split()
)
# What comes after the name proper: where the value is used, how it is written, that it is asked for twice, that a client gets it.
_TRAILING: Final = frozenset(
    (
        "prod production prd preprod dev develop development stg stage staging live sandbox qa uat test local default old new current previous primary "
        "secondary backup confirmation confirm confirmed repeat again value val plain plaintext clear cleartext raw str "
        "string secure encrypted base64 hex init initialize configure authenticate"
    ).split()
)
# The place in a list or a stream, not a credential: nextPageToken.
_PLACES: Final = frozenset(["page", "pagination", "continuation", "continue", "cursor", "resume"])
_SAFE_WITH_VALUE: Final = frozenset(["id", "ids", "name", "names", "account", "user", "username"])
_COUNT_FIRST: Final = frozenset((
    "max min num number total n prompt completion input output generated cached reasoning eos bos pad unk mask "
    "sep cls stop special next last first current prev is has was use uses used using no with without"
).split())  # fmt: skip
_SPLIT: Final = re.compile(r"[A-Z]{2,}(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[^\W\d_a-zA-Z]+|[0-9]+")
_JOINED: Final = re.compile(r"[\s_.\-]+")
_SHORT: Final = 6
_MOST_PIECES: Final = 6
_HUMP: Final = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-ZÀ-ÖØ-ÞА-Я])")
_PREFIXES: Final = ("my", "the", "db", "user", "app", "api", "x")


# What makes of "pass" and "pin" something else: second pass, low pass.
_OTHERWISE: Final = frozenset(
    "existing pull first second third two multi to single this each one two next last is no all forward backward render low high by".split()
)
_STRONG_OPENERS: Final = frozenset(["api", "access", "secret", "private", "encryption", "master", "signing", "shared"])
# The words before the last one that count, and those that count together with it.
_BEFORE: Final = _OTHERWISE | _ASKING | _COUNT_FIRST | _PLACES | _KEY_SAFE | _KEY_OPENERS | {"key"}
_JOINT: Final = PASSWORD_WORDS | _STRONG_WORDS | _TOKEN_WORDS | PROVIDERS


# The words that no foreign one ends with, whatever its form.
_ENGLISH: Final = frozenset(
    word
    for word in (*_JOINT, *_WEAK_WORDS, "token")
    if len(word) > LONGEST_ENDING and not foreign_password(word) and word not in FOREIGN_TOKENS
)


def words(name: str) -> list[str]:
    """Return the words of a name in lower case, numbers left out: `AWSSecretKey2` is aws, secret, key."""
    return [word.lower() for word in _SPLIT.findall(name) if not word.isdigit()]


def _stem(word: str) -> bool:
    return len(word) > 5 and word not in _NO_STEM and word not in _NO_PASS and any(stem in word for stem in _STEMS)


def _password(last: str, joined: str) -> bool:
    if last in _NO_PASS or last in _NO_STEM:
        return False
    if last in PASSWORD_WORDS or joined in PASSWORD_WORDS or (len(last) > 5 and foreign_password(last)):
        return True
    return any(stem in last for stem in _PASSWORD_STEMS) or (len(last) > 5 and last.endswith(("pass", "pwd")))


def _last(parts: list[str]) -> Verdict:
    """Judge by the last word, the one that says what the thing is; kept, because many names end alike."""
    last = parts[-1]
    before = parts[-2] if len(parts) > 1 else ""
    if before and before not in _BEFORE and before + last not in _JOINT:
        before = _ANY  # one word is as good as another
    elif parts[-3:-1] == ["public", "key"]:
        before = "publickey"
    key = (before, last)
    verdict = _by_last.found.get(key)
    return _by_last.keep(key, _judged(before, last)) if verdict is None else verdict


_ANY: Final = "_"
_by_last: BoundedDict[tuple[str, str], Verdict] = BoundedDict()


def _judged(before: str, last: str) -> Verdict:
    """Judge by the last word and the one before it."""
    joined = before + last
    password = _password(last, joined)
    if password or last in _STRONG_WORDS or joined in _STRONG_WORDS or _stem(last):
        if last in {"pass", "pw", "pin", "cookie", "cookies", "secrets", "otp", "cred"} and before in _OTHERWISE:
            return Verdict.SAFE
        if (before, last) == ("existing", "secret"):  # the name of one, for a chart
            return Verdict.SAFE
        if not password:
            return Verdict.STRONG
        return Verdict.MEDIUM if before in _ASKING else Verdict.PASSWORD
    if last in _TOKEN_WORDS or joined in _TOKEN_WORDS or last.endswith(("token", "passfile")):
        harmless = before in _COUNT_FIRST or before in _PLACES or before == "publickey"
        return Verdict.SAFE if harmless else Verdict.MEDIUM
    if last == "key" or (
        last.endswith("key") and last not in {"monkey", "turkey", "donkey", "hockey", "hotkey", "jockey", "whiskey"}
    ):
        if before in _KEY_SAFE:
            return Verdict.SAFE
        if before in _KEY_OPENERS:
            return Verdict.STRONG if before in _STRONG_OPENERS else Verdict.MEDIUM
        return Verdict.MEDIUM if before or last != "key" else Verdict.WEAK
    return Verdict.WEAK if last in _WEAK_WORDS or last in PROVIDERS or joined in PROVIDERS else Verdict.SAFE


def _by_ending(parts: list[str]) -> Verdict | None:
    """Judge names whose last word says only where the secret is: `passwordField`, `reset_link`, `DATABASE_URL`."""
    if len(parts) < 2:
        return None
    if parts[-1] in _ENTRY and (_last(parts[:-1]) is Verdict.PASSWORD or (parts[-2], parts[-1]) in _SECRET_TEXTS):
        return Verdict.MEDIUM
    if parts[-2:] == ["secret", "id"]:  # half of a role's credential; elsewhere a name, which is no random text
        return Verdict.MEDIUM
    if parts[-1] in _ADDRESSES:
        if parts[-2] in _OPENING:
            return Verdict.MEDIUM
        return Verdict.WEAK if parts[-2] in _STORES else Verdict.SAFE
    return None


def _session(lowered: str) -> bool:
    """Tell whether a name is one of a session's: `connect.sid`, `JSESSIONID`, `ConnectionStrings:Default`."""
    name = folded(lowered)
    return name in _SESSIONS or name == "idtokenhint" or name.startswith(_SESSION_STARTS)


def _inner(parts: list[str]) -> Verdict:
    """Judge names like `db_pass_secure`: the secret word is not the last, and the last says nothing against it."""
    inner = max((_last(parts[:end]) for end in range(1, len(parts))), default=Verdict.SAFE)
    if parts[-1] in _SAFE_WITH_VALUE:  # access_key_id: an id, but half of a credential
        halves = {"access", "client", "account"} | ({"secret"} if parts[-1] == "id" else set())
        return Verdict.WEAK if inner and halves & set(parts) else Verdict.SAFE
    if inner >= Verdict.STRONG:
        return Verdict.MEDIUM
    return Verdict.WEAK if inner is Verdict.MEDIUM else Verdict.SAFE


def _foreign(name: str) -> bool:
    """Tell whether a name, or the last word of one, says "password" in another language: `mot de passe`, `db_heslo`."""
    return foreign_password(name) or foreign_password(_JOINED.split(name)[-1])


def _begins_foreign(name: str) -> bool:
    """Tell whether a name goes on after such a word, and not with what is only told of it: `motDePasseActuel`, `nueva_clave_2`."""
    pieces = _HUMP.sub(" ", name).replace("_", " ").replace("-", " ").split()[:_MOST_PIECES]
    if len(pieces) < 2 or pieces[-1].lower() in _SAFE_LAST:
        return False
    return any(foreign_password("".join(pieces[:end])) for end in range(1, len(pieces)))


def judge(name: str, extra: Collection[str] = (), safe: Collection[str] = ()) -> Verdict:
    """Return what a name says about its value.

    Args:
        name: a key of a mapping, a header, a variable, a command-line option.
        extra: names that are secret by policy, in lower case.
        safe: names that are none by policy, in lower case.
    """
    lowered = name.lower()
    if lowered in safe or lowered in TAXONOMY:
        return Verdict.SAFE
    if lowered in extra or lowered in PASSWORD_WORDS:
        return Verdict.PASSWORD
    parts = words(name[-120:])
    if not (parts and parts[-1] in _ENGLISH) and name.isascii() and _sieve.harmless(folded(name), parts):
        return Verdict.SAFE
    return _by_words(name, lowered, parts)


def _by_words(name: str, lowered: str, parts: list[str]) -> Verdict:
    """Judge a name that may hold a secret.

    Args:
        name: the name.
        lowered: the same in lower case.
        parts: its words.
    """
    while len(parts) > 1 and (len(parts[-1]) == 1 or parts[-1] in _TRAILING):  # token_a, secretKeyProd
        parts.pop()
    verdict = _last(parts) if parts else Verdict.SAFE
    if not (verdict and parts[-1] in _ENGLISH and name.isascii()) and _foreign(name[-120:]):
        return Verdict.PASSWORD
    whole = folded(lowered)
    if lowered in _STRONG_WORDS or (len(whole) > _SHORT and whole in _STRONG_WORDS) or _session(lowered):
        return Verdict.STRONG
    if _begins_foreign(name[-120:]):
        return Verdict.MEDIUM
    if not name.isascii() and folded(_JOINED.split(lowered)[-1]) in _WEAK_WORDS:
        return max(verdict, Verdict.WEAK)
    if not parts:
        return Verdict.SAFE
    special = _by_ending(parts)
    if special is not None:
        return special
    if verdict or (parts[-1] in _SAFE_LAST and parts[-1] not in _SAFE_WITH_VALUE):
        return verdict
    return _inner(parts)


_sieve: Final = NameSieve(
    frozenset((*_JOINT, *_WEAK_WORDS, *_SESSIONS, *foreign_words(), *_ADDRESSES)),
    {*_PASSWORD_STEMS, *_STEMS, "token", "key", "pass", "pwd", *filter(str.isascii, foreign_stems())},
    (*_SESSION_STARTS, "idtokenhint"),
    filter(str.isascii, foreign_words()),
)


@lru_cache(maxsize=1024)
def says_nothing(name: str) -> bool:
    """Tell whether a name is one of an event's own fields or ends like a count, an id or a time."""
    if name in TAXONOMY:
        return True
    if name[:1] == "$":  # what is done with a field: `{"password": {"$set": ...}}`
        return False
    parts = words(name[-64:])
    return bool(parts) and parts[-1] in _SAFE_LAST
