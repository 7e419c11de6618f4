"""What stands around a word of a name: the rest of the name, what assigns, the value."""

import re
from typing import Final

from narration_core.redaction._policy import MARKER

# The start of the name, read backwards from the word; a space joins the words of "client secret".
HEAD: Final = r"(?r)(?:(?<![\w])[A-Za-z]\w{1,24}[ ])?+[\w.\-]{0,64}+"

SCHEMES: Final = "bearer|basic|token|apikey|api-key|key|jwt|negotiate|ntlm|x-authorization|ssws|splunk|flyv1|genie-?key|bot|zoho-oauthtoken"
# Words that do not belong to a name: "key for user=ann" says nothing about ann.
_JOINING: Final = "is|was|are|for|in|of|to|and|or|not|must|has|had|with|from|on|at|by|as|if|than|then|but|the|this|that"

# What a value is wrapped in: `Some("...")`, `SecretStr('...')`, `string(12) "..."`.
WRAPPERS: Final = (
    r"(?:Some|Just|Ok|String|str|bytes|Secret(?:Str(?:ing)?|Bytes|Value(?:\.unsafe\w{0,16})?)?|Password|PASSWORD|Optional(?:\.of)?|Buffer\.from|(?:aws|pulumi)\.[Ss]\w{4,8})\s?\(\s{0,2}"
    r"|string\(\d{1,5}\)[ ]|\(\w{1,16}\)[ ](?:\(len=\d{1,6}\)[ ])?"
)

# What gives the text it is called with, in another form, and what is asked for a setting that has a default; an
# alternative to what is not set.
_MAKERS: Final = (
    r"(?:(?:new|make|create|from|to|get)?_?(?:string|str|bytes?|bytearray|chars?|secure_?string|secret_?key(?:_?spec)?|hex|base64)|unhexlify"
    r"|(?:b64|base64|url)?(?:de|en)(?:code|crypt|crypted)\w{0,12}|value_?of|of|from|wrap|unwrap|trim|strip|quote)"
)
# What such a call is told to do, no text that it makes something of: an encoding, a hash, a cipher.
_NO_TEXT: Final = r"(?![\"'](?:utf|ascii|latin|iso|cp\d|unicode|hex|base\d|sha|md5|aes|rsa|[hre]s\d|gb\d|big5|windows|pbkdf|bcrypt|argon|scrypt))"
MADE: Final = (
    rf"(?:(?:new[ ])?(?:[A-Za-z_][\w.:]{{0,40}}(?:\.|::))?+{_MAKERS}\(\s{{0,2}}"
    r"|[A-Za-z_][\w.:]{0,48}+\(\s{0,2}[\"'][\w.\-]{1,64}[\"'],\s{0,2}"
    r"|[A-Za-z_$][\w.:$]{0,60}+(?:[\[(][\"'][\w.\-]{1,64}[\"'][\])])?\s{0,2}(?:\|\||\?\?|\?:|\bor\b)\s{0,2})"
    rf"{_NO_TEXT}"
)

# The rest of a name, in any script.
_REST: Final = r"[\w.\-\u00c0-\u1fff\u3041-\ud7ff]{0,48}+"

# What may join a name and its value in a sentence; a word that is none of these, a plain one, is no value.
_INTRODUCING: Final = "is|was|ist|lautet|est|es|jest|er|je|with|to|as|now|set|changed|reset|generated|created|for"
PROSE: Final = rf"""(?x)
    (?! [\w\-.]{{0,48}}(?:phrase|mnemonic|seed) ) [\w\-]{{0,48}}+
    (?: [ ] (?!(?:{_INTRODUCING})\b) (?P<word>[a-z_]{{1,48}}+)
        (?: [.,;)\]]{{1,2}}(?:\s|\Z) | \Z | [ ][\"'`(\[]
          | [ ](?!(?i:is|was|as)\b)\w[\w.\-]{{0,63}}+ (?: [.,;)\]]{{1,2}}(?:\s|\Z) | \Z | [ ](?!(?i:is|was|as)\b)[\w\"'`(\[] ) )
      | [ ]for (?:[ ](?!(?i:is|was|now|set|changed|reset))[\w.@\-]{{1,40}}+(?=[ ]|\Z)){{4}}
      | ,[ ](?![\sbuwdfvspoBUWDFVSPO\"'`\[<])
      | [ ]?=[ ]?(?:%s|\?|\$\d{{1,3}})(?=[\s,;)]|\Z)
    )
"""
"""What follows a word of a name in a sentence or a statement that gives it no value: what `TAIL` would find there is none.

For `re`: nine of ten mentions of a password are of this kind, and it is told in a tenth of the time.
"""

HIDDEN: Final = (
    rf"(?i)({_REST})(?:[\"']?(?:=|:[ ]?|,[ ]?[\"']value[\"']:[ ]?)|[ ](?:for[ ][\w@\-]{{1,40}}[ ](?=is|was))?(?:(?:is|was)[ ])?)"
    rf"(?:[\[({{][ ]?(?:[\"']\w{{1,24}}[\"']:[ ]?)?(?=[\"']))?(?:(?P<quote>[\"'])|)(?:(?:{SCHEMES})[ ])?+({re.escape(MARKER)})(?(quote)(?P=quote)|(?=[.,;]?(?:\s|\Z)))"
)
"""What `TAIL` finds where a value was hidden before, found faster."""

HIDDEN_IN_A_TAG: Final = rf"({_REST})(?:(?:</\w{{1,12}})?>\s{{0,24}}<(?:string|value|data))?>{re.escape(MARKER)}</"
"""The same for the value of an element."""

LEADING: Final = rf"(?i)({_REST})(?:=|:[ ]?)(?:(?:{SCHEMES})[ ])?+"
"""What may stand between a word of a name and a value without quotes."""

# From the end of the word to the end of the value.
TAIL: Final = rf"""(?xsi)
# Most of all: a name, a sign and plain characters, or JSON. What follows finds the same, in three times the time.
(?P<suffix>[\w\-.]{{0,48}}+)(?P<close>)(?P<more>)(?P<assign>=|:[ ])(?P<open>)(?:(?:{SCHEMES})[ ]{{1,3}}(?=[^\s"'`=:,])(?!\w{{1,32}}+=[^=\s]))?+
(?P<v6>[\w/][\w\-./+*!@\#$%^=~?]{{0,1024}}+)(?=\s(?![ ]?=)|\Z)
|
(?P<suffix>[\w\-.]{{0,48}}+)(?P<close>["'])(?P<more>)(?P<assign>:[ ]?)(?P<open>)"(?P<v3>[^"\\\r\n]{{1,4096}}+)(?=")(?!":private)
|
(?P<suffix>[\w\-.\u00c0-\u1fff\u2c00-\u2fff\u3041-\ud7ff\uf900-\ufdff]{{0,48}}+)
(?P<close>(?:\[\w{{0,24}}\]|">>|[\]\)"'`*}}»”“\u2019」』]){{0,6}}+)
(?:
    (?P<inside>[ ]?:[ ]?\{{\s{{0,24}}["']value["'][ ]?:[ ]?|(?:\s[\w:]{{1,24}}="[^"<>]{{0,64}}"){{1,4}}+>\s{{0,24}}<(?:string|value|data)>\s{{0,24}})
  | (?:[ ](?:\(\w{{1,12}}\)|\w{{3,16}}\(\w{{1,6}}\)|as[ ](?:new[ ])?\w{{1,16}})(?=[ ]?[:=])|(?::["']?[\w\\]{{1,64}}["']?){{1,2}}+\](?=[ ]?=>))?  # in PHP: ["password":protected]=>
    (?P<more>(?:[ ](?!(?:{_JOINING})[ ])\w[\w.\-]{{0,19}}+(?<!\.)){{0,2}}?)
    (?P<assign>(?::[*_]{{1,2}}[ ]|:</\w{{1,8}}>[ ]{{0,2}}|:[ ]?[&\w][\w<>\[\]:.|?]{{1,30}}[ ]?=[ ]?(?=["'])|[ ]?<-[ ]|[ ](?:is|was|ist|lautet|est|es|è|é|jest)[ ]?:[ ])|\s{{0,24}}+(?>:{{1,3}}=|={{1,2}}>|->|(?<=-)>(?=[ ]?["'])|=:|={{1,3}}|!={{1,2}}|\?=|\+=|\.=|:{{1,2}}(?!//)|\|\||\?\?=?|\?:(?=[ ]?["'])|(?<=[\])][ ])or(?=[ ]["'])|[→⇒➜➔⟶⟹≔])\s{{0,24}}+
        (?:(?:[>|][+\-]?[ ]{{0,2}}\r?\n[ ]|\\\r?\n)[ ]{{0,24}}+)?)                                                            # a folded block of YAML, a line that goes on
  | (?P<pair>;s:\d{{1,5}}:(?=")|(?:</\w{{1,12}})?>\s{{0,24}}<(?:string|value|data)>\s{{0,24}}|[\s,]{{1,24}}["']?(?:secret_|parameter|output)?value["']?\s{{0,2}}[:=]\s{{0,4}}|[ ]\{{[^{{}}]{{0,160}}?\bdefault\s{{0,12}}=\s{{0,4}})
  | (?P<comma>\s{{0,2}},\s{{0,24}}(?:(?:default|fallback|with)\s{{0,2}}[=:]\s{{0,2}})?(?=b?u?["'`\[]|<<"))
  | (?P<tag>(?:\s[^<>]{{0,80}}+)?>\s{{0,24}}+(?=[^<>]{{1,4096}}+</))
  | (?P<cell>[ ]{{0,24}}(?:\t[ \t]{{0,24}}+|[|│┃][ ]{{1,24}}+))
  | (?P<call>(?:\.\w{{1,16}})?\(\s{{0,2}}(?=@?["'`]))
  | (?P<dash>\s-\s(?=["'`]?\S)|\s(?:~>|-->|>>|\.{{3,6}}|…)\s(?=["'`]?[^\s/~])|\s[.]\s(?=["'])|[ ]{{3,16}}+|[ ]{{0,2}}(?:[/\#~;]|>{{1,2}}|\.{{3,40}}:?)[ ]{{1,4}}(?=[^\s/~])|[;,](?=[^\s,;]{{6}}))
  | (?P<space>\s{{1,2}}(?:(?:(?:is[ ])?(?:generated[ ]|created[ ])?(?:for|of|from|от|для|de|du|del|da|do|von|für|per|para|pour)[ ](?:the[ ]|la[ ]|el[ ]|le[ ]|den[ ]|das[ ])?(?:user[ ]|key[ ])?(?:[\w.@\-\u00c0-\u1fff]{{1,40}}|["'][^"'\r\n]{{1,160}}["'])(?::\s{{1,2}}|[ ](?=is|was|now|set|changed|reset|est|es|ist|è|é|lautet|jest)))?(?:(?:is|was|ist|lautet|est|es|jest|är|er|è|é|je|(?:with|to|as)(?=[ ]["'`]?\w[\w\-.!@\#$%^&*+]{{7}})|(?:now[ ])?set[ ]to|changed[ ](?:to|from)|reset[ ]to|измен[её]н[ ]на|geändert[ ](?:in|auf|zu)|chang[ée][ ]en|cambiad[oa][ ]a)[ ](?:now[ ])?)?)?)
)
(?P<open>(?:[\[({{]\s{{0,2}}|<<|{WRAPPERS}|{MADE})?[@brufn]{{0,2}}(?=["'`])|)
(?:(?:{SCHEMES})[ ]{{1,3}}(?=[^\s"'`=:,])(?!\w{{1,32}}+=[^=\s]))?+
(?:
    (?:\"{{3}}|")(?P<v3>(?:[^"\\\r\n]|\\.){{0,4096}}+)
  | (?:'{{3}}|')(?P<v4>(?:[^'\\\r\n]|\\.){{0,4096}}+)
  | `(?P<v5>[^`\r\n]{{0,4096}}+)
  | [“„«\u2018「『](?P<v8>[^”“»\u2019」』\r\n]{{1,512}}+)
  | (?P<v6>
      (?: [^\s"'`&;,<\\=] | ,(?!\s|\w{{1,30}}+["']?[=:]) | &(?!\w{{1,30}}+=|(?:\#\w{{1,7}}|amp|lt|gt|quot|apos|nbsp);) | ;(?!\s|\w{{1,30}}+=) | <(?!/) | \\(?![nrt"'\\]))
      (?: [^\s"'`&;,<\\]{{1,64}}+ | ,(?!\s|$|\w{{1,30}}+["']?[=:]) | &(?!\w{{1,30}}+=|(?:\#\w{{1,7}}|amp|lt|gt|quot|apos|nbsp);) | <(?!/) | \\(?![nrt"'\\]) | ["'`](?=\w)
        | ;(?!\s|$|\w{{1,30}}+=|\w{{1,30}}[ ]\w{{1,30}}=)){{0,48}}+)
)
"""

(SUFFIX, CLOSE, MORE, ASSIGN, OPEN, BARE, _, INSIDE, PAIR, COMMA, TAG, CELL, CALL, DASH, SPACE, _, BACKTICKS, _) = (
    range(1, 19)
)
"""The groups of `TAIL`: by number they are read ten times faster than by name."""

KINDS: Final = (
    (INSIDE, "inside"),
    (COMMA, "comma"),
    (CALL, "call"),
    (PAIR, "pair"),
    (TAG, "tag"),
    (CELL, "cell"),
    (DASH, "dash"),
    (SPACE, "space"),
)
"""The ways in which a name and a value are joined other than by what assigns, each with its group."""
