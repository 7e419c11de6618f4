"""What programs say of a value that they refuse: of options, forms, schemas and columns that hold secrets.

The name of the field may stand before the value or behind it; both are in the same message.
"""

from typing import Final

from narration_core.redaction._checks import placeholder
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
)
