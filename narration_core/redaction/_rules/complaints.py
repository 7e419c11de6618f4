"""What programs say of a value that they refuse: of options, forms, schemas and columns that hold secrets.

The name of the field may stand before the value or behind it; both are in the same message.
"""

from typing import Final

from narration_core.redaction._checks import placeholder, typed
from narration_core.redaction._rule import Rule

# How the name of a secret ends.
_NAME: Final = (
    r"(?:passw(?:or)?d|passphrase|passcode|passwd|pwd|secret|api[_\- ]?key|access[_\- ]?key|secret[_\- ]?key|private[_\- ]?key|token|credentials?)"
    r"(?:[_\- ]?(?:\d|confirm(?:ation)?|repeat|again|new|old))?(?![\w\-])"
)
# The name with what may stand before it: `--db-password`, `user.password`.
_WHOLE: Final = rf"[\"'`]?\$?-{{0,2}}[\w.\-]{{0,40}}?{_NAME}"
_QUOTED: Final = r"(?:'(?P<s>[^'\r\n]{1,256}+)'|\"(?P<s>[^\"\r\n]{1,256}+)\"|`(?P<s>[^`\r\n]{1,256}+)`)"
# What a line must hold besides an everyday "value '...'" to be worth a look: a piece of a name.
_MENTIONED: Final = "(?:pass|Pass|PASS|pwd|Pwd|PWD|ecret|SECRET|key|Key|KEY|oken|TOKEN|redential|CREDENTIAL)"
_FIELD: Final = r"(?:(?:path|(?:unique[ ])?key|option|argument|field|parameter|property|flag|column|setting|variable|header|input)[ ])?"


# A name of a field, a variable or a type, with whatever case and ending; not one of a count or an id.
_NEARBY: Final = r"(?:passw(?:or)?d|passphrase|passcode|passwd|pwd|secret|api_?key|access_?key|private_?key|pin(?!g)|credential)(?:s|_?(?:confirm(?:ation)?|repeat|new|old|type))?(?![\w\-])"
_CONVERSION: Final = (
    r"(?:cannot[ ]unmarshal[ ](?:!!)?\w{1,16}[ ]|\b(?:parsing|converting|value)[ :]{1,2}|for[ ]input[ ]string:[ ]|from[ ]string[ ]|input[ ]syntax[ ]for[ ](?:type[ ])?[\w ]{1,24}:[ ]"
    r"|(?:could[ ]not|cannot|unable[ ]to|failed[ ]to)[ ](?:convert|parse)[ ](?:the[ ])?(?:string|value|text|str)?[ :]{0,2}(?:to[ ]\w{1,16}:[ ])?|non-integer[ ]value:[ ]|not[ ]a[ ]valid[ ]value:[ ])"
)
_TYPES: Final = frozenset(
    "string number boolean bigint symbol undefined null nan object array date function map set promise integer float int".split()
)


def _given(value: str) -> bool:
    return not placeholder(value)


def _odd(value: str) -> bool:
    """A word that no sentence has: digits among letters."""
    return len(value) >= 6 and any(map(str.isdigit, value)) and any(map(str.isalpha, value)) and not placeholder(value)


RULES: Final[tuple[Rule, ...]] = (
    Rule(
        name="refused-option",
        pattern=rf"(?i)\b(?:argument|option|parameter|flag|value[ ]for)[ ](?:-\w/|the[ ])?{_WHOLE}[\"'`]?(?:[ ]?[/,][ ]?[\"']?-\w[\"']?)?:[ ](?:(?:invalid|incorrect|bad|unexpected|illegal)[ ][\w \-]{{0,40}}:[ ])?(?:{_QUOTED}|(?P<s>[^\s\"'`]{{6,256}}+)(?=[ ]is[ ]not[ ]))",
        literals=("value for ", "value: '", 'value: "', "choice: '", 'choice: "'),
        check=_given,
        examples=(
            "till: error: argument -p/--password: invalid int value: 't1n-whistle'",
            "Error: Invalid value for '--api-key' / '-k': w1nd.mill is not one of 'a', 'b'.",
        ),
        counterexamples=(
            "till: error: argument --port: invalid int value: 't1n-whistle'",
            "Error: Invalid value for '--token-count': 'w1nd.mill' is not a valid integer.",
            "error: argument --token: invalid choice: 'none'",
        ),
        source="argparse and click documentation",
    ),
    Rule(
        name="refused-value",
        pattern=rf"(?i)(?:\b(?:value|entry|choice|input|string|got[ ]`\w{{1,16}}`)[ ]|(?<=:[ ])){_QUOTED}[ ](?:\([\w ]{{1,24}}\)[ ]|-[ ])?(?:is[ ](?:not[ ](?:an?[ ])?(?:valid|allowed|accepted)(?:[ ]\w{{1,24}})?|invalid)[ ]|could[ ]not[ ]be[ ]converted[ ]to[ ][\w.]{{1,80}}[ ])?(?:for|at|of|in|path:)[ ](?:the[ ])?{_FIELD}{_WHOLE}",
        shapes=(
            # A class for the blank: the literal that every match holds is then a piece of a name, and those are rarer.
            rf"(?:alue|ALUE|ntry|NTRY|hoice|nput|tring|[Gg]ot)[ ][\"'`][^\r\n]{{0,600}}{_MENTIONED}",
            rf"' is not a valid[^\r\n]{{0,200}}{_MENTIONED}",
        ),
        check=_given,
        examples=(
            "Duplicate entry 't1n-whistle' for key 'users.password'",
            'Cast to Number failed for value "w1nd.mill" (type string) at path "password"',
            "error: invalid value 'sw0rdfish' for '--token <TOKEN>': too short",
            "The value 'bl4ck-tea' is not valid for the field Password.",
            "The JSON value 'r0und-table' could not be converted to System.Int32. Path: $.password",
            "Expected `int`, got `str` 'gr3en.leaf' - at `$.password`",
            "BadParameter: 'st0ne-bridge' is not a valid integer for --password",
        ),
        counterexamples=(
            "Duplicate entry 'ann-42' for key 'users.name'",
            "error: invalid value '80a80' for '--port <PORT>': invalid digit found in string",
            "Duplicate entry 'ann-42' for key 'idx_token_user_id'",
            "invalid value 'null' for 'password'",
        ),
        source="manuals of MySQL, Mongoose, clap, ASP.NET",
    ),
    Rule(
        name="refused-word",
        # The same without quotes: only what no sentence says.
        pattern=rf"(?i)\binvalid[ ](?:value|choice|input)[ ](?P<s>[^\s\"'`]{{6,256}}+)[ ](?:for|of)[ ](?:the[ ])?{_FIELD}{_WHOLE}|(?i)\b{_NAME}[\"'`]?:[ ](?:value|input)[ ][\"'`]?(?P<s>[^\s\"'`,;]{{6,256}}+)[\"'`]?[ ](?:is|was|has|must|should|does|invalid|too|not)\b|(?i)\b{_NAME}[\"'`]?:[ ][A-Za-z ]{{0,24}}valid[ ]choice\.[ ](?P<s>[^\s\"'`]{{6,256}}+)[ ]is[ ]not[ ]one\b",
        literals=("invalid value ", "invalid choice ", "invalid input ", ": value ", ": input ", "valid choice. "),
        check=_odd,
        examples=(
            "Field password: value t1n-whistle7 invalid",
            "invalid value w1nd.mill for option password",
            "password: Select a valid choice. bl4ck-tea is not one of the available choices.",
        ),
        counterexamples=(
            "password: value is too short",
            "invalid value expected for option password",
            "level: value w1nd.mill is invalid",
        ),
        source="usual messages of forms; Django documentation, form fields",
    ),
    Rule(
        name="refused-field",
        # Word by word to the next name at most: a text full of names costs no more than another one.
        pattern=rf"(?i)(?<!\w)(?!token){_NAME}[\"'`\]]{{0,2}}(?::[ ][A-Z]|(?=[ ]))(?>[a-z0-9,.\-/<>@\[\]]{{0,24}}|'[^'\r\n]{{0,24}}'>?|\"[^\"\r\n]{{0,24}}\")(?:[ (]{{1,2}}(?!(?:got|not|received|value|but[ ](?:found|given|was))[ :]{{1,2}}[\"'`]|[\"'`]?(?:passw|passp|passc|pwd|secret|credential))(?>[a-z0-9,.\-/<>@\[\]]{{1,24}}+'?|'[^'\r\n]{{0,24}}'>?|\"[^\"\r\n]{{0,24}}\")(?:[)>,]{{0,2}})){{0,14}}+[ (]{{1,2}}(?:got|not|received|value|but[ ](?:found|given|was))[ :]{{1,2}}{_QUOTED}",
        shapes=(
            rf"{_MENTIONED}[^\r\n]{{0,600}}(?: got|\(got| GOT| not| received| value|but found|but given|but was)[ :]{{1,2}}[\"'`]",
        ),
        check=_given,
        examples=(
            "password must be at least 20 characters, got 't1n-whistle'",
            '"password" with value "w1nd.mill" fails to match the required pattern: /^[a-z]+$/',
            'ValidationError: password: Cast to Number failed for value "bl4ck-tea"',
            "expected number for secret but got 'sw0rdfish'",
            "'password' must be <class 'int'> (got 'r0und-table' that is a <class 'str'>).",
            "expected int for dictionary value @ data['password'] got 'gr3en.leaf'",
            "expected password 'x' but got 'st0ne-bridge'",
        ),
        counterexamples=(
            "password must be a string, not 'int'",
            "unexpected token in the list, got 't1n-whistle'",
            "other ways to give credentials can be found `here7-now`",
            "level must be at most 3, got 't1n-whistle'",
            '"password" is not allowed to be empty',
        ),
        source="messages of joi, ajv, Mongoose and of usual validators",
    ),
    Rule(
        name="refused-property",
        pattern=rf"(?i)\bfield[ ]'[\w.\[\]]{{0,60}}?{_NAME}':[ ]rejected[ ]value[ ]\[(?P<s>[^\]\r\n]{{1,256}}+)\]|(?i)\bproperty[ ]'[\w.\[\]]{{0,60}}?{_NAME}'(?:(?!property[ ]')[^\r\n]){{0,240}}?(?:input[ ]string|value):?[ ]{_QUOTED}",
        literals=("rejected value [", "for property '"),
        check=_given,
        examples=(
            "Field error in object 'login' on field 'user.password': rejected value [t1n-whistle]; codes [Size.login]",
            "Failed to convert property value of type 'java.lang.String' to required type 'int' for property 'password'; For input string: \"w1nd.mill\"",
        ),
        counterexamples=(
            "Field error in object 'login' on field 'port': rejected value [80a80]; codes [typeMismatch]",
            "Field error in object 'login' on field 'password': rejected value [null]; codes [NotNull]",
        ),
        source="Spring documentation, data binding",
    ),
    Rule(
        name="refused-instance",
        pattern=rf"(?i)(?:(?<=^|\n|:[ ]){_QUOTED}[ ](?:is|does|has|was)[ ][^\r\n]{{1,200}}\r?\n\s{{0,8}}Failed[ ]validating[ ][^\r\n]{{1,200}}\['[\w\-.]{{0,40}}?{_NAME}'\]:|\bOn[ ]instance[^\r\n:]{{0,80}}\['[\w\-.]{{0,40}}?{_NAME}'\]:\r?\n\s{{0,8}}{_QUOTED})",
        literals=("failed validating", "on instance["),
        check=_given,
        examples=(
            "'t1n-whistle' is too short\n\nFailed validating 'minLength' in schema['properties']['password']:\n    {'minLength': 20}",
            "On instance['user']['api_key']:\n    'w1nd.mill'",
        ),
        counterexamples=(
            "On instance['level']:\n    'w1nd.mill'",
            "'w1nd.mill' is too short\n\nFailed validating 'minLength' in schema['properties']['name']:",
        ),
        source="jsonschema documentation, handling validation errors",
    ),
    Rule(
        name="refused-conversion",
        # What could not be read as a number: the name of the field is in the same line, before it or behind it.
        pattern=rf"(?i){_CONVERSION}{_QUOTED}(?:(?=[^\r\n]{{0,240}}?{_NEARBY})|(?<={_NEARBY}[^\r\n]{{0,240}}))",
        literals=(
            "cannot unmarshal ",
            'parsing "',
            "parsing '",
            "for input string: ",
            'from string "',
            "converting '",
            'converting "',
            "input syntax for ",
            "could not convert ",
            "cannot convert ",
            "unable to parse ",
            "failed to parse ",
            "non-integer value: ",
            "is not facet-valid",
            "could not parse ",
            "cannot parse ",
            "not a valid value: ",
        ),
        check=_given,
        examples=(
            'json: cannot unmarshal string "t1n-whistle" into Go struct field Login.password of type int',
            'env: parse error on field "Password" of type "int": strconv.ParseInt: parsing "w1nd.mill": invalid syntax',
            'Cannot deserialize value of type `int` from String "bl4ck-tea": not a valid int value (through reference chain: Login["password"])',
            "envconfig.Process: assigning DB_PASSWORD to Password: converting 'gr3en-leaf' to type int",
        ),
        counterexamples=(
            'json: cannot unmarshal string "t1n-whistle" into Go struct field Config.port of type int',
            'strconv.ParseInt: parsing "80a80": invalid syntax (field token_count)',
            "json: cannot unmarshal string into Go struct field Login.password of type int",
        ),
        source="messages of Go, Java, Jackson, PostgreSQL, XML Schema",
    ),
    Rule(
        name="refused-record",
        # zod, ajv and class-validator: what was given, and the path to it, whichever comes first.
        pattern=rf"(?i)[\"']?\b(?:received|data|input|actual|value|given)[\"']?\s?:\s?[\"'](?P<s>[^\"'\r\n]{{1,256}}+)[\"'][^{{}}]{{0,400}}?[\"']?\b(?:path|instancePath|dataPath|loc|property|pointer)[\"']?\s?:\s?(?:\[[^\[\]{{}}]{{0,160}}?)?[\"'](?:[\w.\-/#$]{{0,60}}?){_NAME}[\"']\s{{0,80}}\]?|(?i)[\"']?\b(?:path|instancePath|dataPath|pointer)[\"']?\s?:\s?(?:\[[^\[\]{{}}]{{0,160}}?)?[\"'](?:[\w.\-/#$]{{0,60}}?){_NAME}[\"']\s{{0,80}}\]?[^{{}}]{{0,400}}?[\"']?\b(?:received|data|input|actual|given)[\"']?\s?:\s?[\"'](?P<s>[^\"'\r\n]{{1,256}}+)[\"']",
        literals=('received":', 'received": ', "received: '", 'received: "', "instancepath", "datapath"),
        check=lambda value: _given(value) and value.lower() not in _TYPES,
        examples=(
            '[{"code":"invalid_type","expected":"number","received":"t1n-whistle","path":["password"],"message":"Invalid"}]',
            '[{"instancePath":"/user/apiKey","keyword":"pattern","data":"w1nd.mill"}]',
            "{\n  received: 'bl4ck-tea',\n  code: 'invalid_enum_value',\n  path: [ 'user', 'password' ] }",
        ),
        counterexamples=(
            '[{"code":"invalid_type","expected":"string","received":"undefined","path":["password"]}]',
            '[{"code":"invalid_type","expected":"number","received":"t1n-whistle","path":["age"]}]',
            '{"instancePath":"/age","data":"w1nd.mill"}',
        ),
        source="documentation of zod and ajv, errors",
    ),
    Rule(
        name="refused-plainly",
        # Without quotes, at the end of what is wrong: only what a password looks like.
        pattern=rf"(?i){_NAME}[\"'`\]]{{0,2}}(?:[ :,][^\r\n:]{{0,80}}?)?[ ,](?:received|got|given|found|value|actual|but[ ]was)(?::[ ]|[ ])[\"'`]?(?P<s>[^\s\"'`,;]{{6,256}}+)[\"'`]?(?=[.,;)]?(?:\s|$))",
        shapes=(
            r"(?:[Pp]assw|PASSW|[Pp]assphrase|[Ss]ecret|SECRET|redential|[Aa]pi_?[Kk]ey|API_KEY)[^\r\n]{0,80}[ ,](?:received|got|given|found|value|actual|but[ ]was):?[ ][\"'`]?[!-~]{6}",
        ),
        check=typed,
        examples=(
            "Invalid parameter type: expected string for password, received t1n-whistle",
            'Config validation error: "DB_PASSWORD" must be a number, value: w1nd!mill',
        ),
        counterexamples=(
            "password updated, received answer2 from host",
            "token_count must be a number, value: t1n-whistle",
            "password check, got code500",
        ),
        source="messages of usual validators",
    ),
)
