"""Names that stand apart from their values: in a field beside it, at the head of a column, in an SQL statement."""

import enum
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

_NAMING: Final = frozenset(
    (
        "name key field param parameter header variable var attribute attr property prop label setting option column "
        "fieldname field_name columnname column_name keyname key_name k n type id loc selector locator "
        "kind parameterkey parametername optionname settingname propertyname attributename variablename headername paramname"
    ).split()
)
_VALUES: Final = frozenset(
    (
        "value val v values data content contents default defaultvalue default_value newvalue new_value oldvalue "
        "old_value rejectedvalue rejected_value attemptedvalue attempted_value invalidvalue invalid_value new old current previous input string constant_value constantvalue from to before after "
        "argument string_value stringvalue rhs "
        "parametervalue optionvalue settingvalue propertyvalue attributevalue variablevalue headervalue paramvalue fieldvalue"
    ).split()
)
# Where in a document the value is.
_PATHS: Final = frozenset("path instancepath instance_path datapath data_path".split())
_POINTER: Final = re.compile(r"(?:[$#]?[./])?(?:\w{1,64}\.){0,8}(\w{1,64})", re.ASCII)
_ANSWERS: Final = frozenset("answer response reply entered typed".split())
_HEADS: Final = frozenset(
    "names columns fields headers keys params parameters cols attributes variables header schema".split()
)
_ROWS: Final = frozenset(
    "values rows row data records record args arguments params parameters vals items bindings binds tuples".split()
)
_QUERIES: Final = frozenset("query mutation document gql graphql".split())
_VARIABLES: Final = "variables"
_ARGUMENT: Final = re.compile(r"(\w{1,64})\s{0,4}:\s{0,4}\$(\w{1,64})")
_STATEMENTS: Final = frozenset("sql statement query stmt db.statement db.query.text sql_query sqltext".split())
# Members of a JSON Web Key that are secret (RFC 7518, section 6).
_PRIVATE: Final = frozenset(["d", "p", "q", "dp", "dq", "qi", "k", "oth"])
_SECRET_DATA: Final = frozenset(["data", "stringData"])
"""Where a Secret of Kubernetes has them."""
_LONGEST_NAME: Final = 128
_MOST_LABELS: Final = 32  # a record with more fields is no pair of a name and a value
_MOST_COLUMNS: Final = 1024
_DEEPEST: Final = 16

Names = list[str | None]
IsSecret = Callable[[str], bool]


def key_name(key: object) -> str | None:
    """Return the name that a key of a mapping is, if it is one: text, bytes, a member of an enumeration, a path of them."""
    if isinstance(key, enum.Enum):
        return key_name(key.value) or key.name
    if isinstance(key, bytes):
        return key.decode("utf-8", "replace")
    if isinstance(key, tuple):
        return ".".join(filter(None, map(key_name, key[-4:]))) or None
    return str(key) if isinstance(key, str) else None


def _text(value: object) -> str | None:
    if isinstance(value, list | tuple) and 0 < len(value) <= _DEEPEST:  # where it is: ["body", "password"]
        value = value[-1]
    name = key_name(value) if not isinstance(value, tuple) else None
    return name if name is not None and 0 < len(name) < _LONGEST_NAME else None


def _pointed(value: object) -> str | None:
    """Return the last name of a path into a document: `["body", "password"]`, `/password`, `$.user.password`."""
    if not isinstance(value, str):
        return _text(value) if isinstance(value, list | tuple) else None
    found = _POINTER.fullmatch(value)
    return found and found[1]


def labelled(record: Mapping[Any, Any], is_secret: IsSecret) -> dict[Any, str]:
    """Return for each key of a record, whose value another of its fields names, that name: `{"name": "password", "value": ...}`.

    Args:
        record: any mapping.
        is_secret: whether a name promises a secret.
    """
    if not 2 <= len(record) <= _MOST_LABELS:
        return {}
    lowered = {key: key.lower() for key in record if type(key) is str}
    if "kty" in lowered:
        return dict.fromkeys(_PRIVATE.intersection(lowered), "private_key")
    if record.get("kind") == "Secret":
        return dict.fromkeys(manifest(record), "secret")
    asked = "prompt" in lowered.values()
    values = [key for key, low in lowered.items() if low in _VALUES or (asked and low in _ANSWERS)]
    for key, low in lowered.items() if values else ():
        named = _named_by(low, record[key], is_secret, patch="op" in lowered)
        if named is not None:
            return {value: named for value in values if value != key}
    return {}


def _named_by(low: str, given: object, is_secret: IsSecret, *, patch: bool) -> str | None:
    """Return the secret's name that a field gives to the ones beside it, if it does.

    Args:
        low: the field's own name.
        given: what it holds.
        is_secret: whether a name promises a secret.
        patch: the record is an operation of a JSON patch (RFC 6902).
    """
    if patch and low == "path" and is_secret(str(given).rpartition("/")[2]):
        return "password"
    if low in {"type", "kind"} and given == "token":  # what a parser read
        return None
    if low == "prompt":
        return "password" if _asks(given, is_secret) else None
    named = _text(given) if low in _NAMING else _pointed(given) if low in _PATHS else None
    return named if named is not None and is_secret(named) else None


def manifest(record: Mapping[Any, Any]) -> frozenset[str]:
    """Return the keys of a Secret of Kubernetes under which every value is one, whatever its name.

    Args:
        record: any mapping.
    """
    return _SECRET_DATA.intersection(record) if record.get("kind") == "Secret" else frozenset()


def _asks(prompt: object, is_secret: IsSecret) -> bool:
    """Tell whether a prompt asks for a secret: `Password:`, `Enter passphrase: `."""
    text = prompt.strip() if isinstance(prompt, str) else ""
    return 1 < len(text) < _LONGEST_NAME and text.endswith((":", ">")) and is_secret(text[:-1].strip())


def variables(record: Mapping[Any, Any], is_secret: IsSecret) -> dict[str, str]:
    """Return the names that a query of GraphQL gives to its variables, where one promises a secret: `login(password: $p)`.

    Args:
        record: any mapping, such as `{"query": "mutation(...) { ... }", "variables": {"p": "..."}}`.
        is_secret: whether a name promises a secret.
    """
    if not isinstance(record.get(_VARIABLES), Mapping):
        return {}
    return {
        variable: argument
        for key, query in record.items()
        if key in _QUERIES and isinstance(query, str)
        for argument, variable in _ARGUMENT.findall(query[:16_384])
        if is_secret(argument)
    }


def head(value: object, is_secret: IsSecret) -> Names | None:
    """Return the names of columns, when a value is a list of them and one promises a secret.

    Args:
        value: names, or records that have one: `[{"name": "password", "type": "text"}]`.
        is_secret: whether a name promises a secret.
    """
    if not isinstance(value, list | tuple) or not 1 <= len(value) <= _MOST_COLUMNS:
        return None
    names = [
        _text(next(filter(None, map(item.get, ("name", "Name", "label", "field"))), None))
        if isinstance(item, Mapping)
        else _text(item)
        for item in value
    ]
    if None in names or not any(name is not None and is_secret(name) for name in names):
        return None
    return names


def columns(record: Mapping[Any, Any], is_secret: IsSecret) -> dict[Any, Names]:
    """Return for each key of a record, whose value is a row or rows, the names of the columns, where one promises a secret.

    Args:
        record: any mapping, such as `{"columns": ["user", "password"], "rows": [["ann", "..."]]}`.
        is_secret: whether a name promises a secret.
    """
    lowered = {key: key.lower() for key in record if type(key) is str}
    rows = [key for key, low in lowered.items() if low in _ROWS and isinstance(record[key], list | tuple)]
    if not rows:
        return {}
    for key, low in lowered.items():
        names: Names | None = None
        if low in _HEADS:
            names = head(record[key], is_secret)
        elif low in _STATEMENTS and isinstance(record[key], str):
            names = parameters(record[key], is_secret)
        if names is not None:
            return {row: names for row in rows if row != key and _fits(record[row], names)}
    return {}


def _fits(value: Sequence[Any], names: Names) -> bool:
    return len(value) == len(names) or are_rows(value, names)


def are_rows(value: Sequence[Any], names: Names) -> bool:
    """Tell whether each item of a sequence is a row that has as many columns as there are names."""
    return bool(value) and all(isinstance(row, list | tuple) and len(row) == len(names) for row in value[:64])


_WORD: Final = r"(?<![\w$])[\"'`\[]?([A-Za-z_][\w$]{0,63}+)[\"'`\]]?"
INSERT: Final = re.compile(
    r"(?is)\b(?:insert|replace|merge)\b[^()]{0,200}\(\s{0,16}([^()]{1,4000})\)\s{0,16}values\s{0,16}\("
)
"""What an SQL statement has from its first word to its values; the columns are the group."""
PLACE: Final = re.compile(
    rf"{_WORD}\s{{0,4}}+(?:[=<>]{{1,2}}|!=|\b[Ll][Ii][Kk][Ee]\b|:=)\s{{0,4}}(?:\?|%s|\$\d{{1,3}}|:\w{{1,40}}|@\w{{1,40}})|(\?|%s|\$\d{{1,3}})"
)
"""A placeholder; the group is the name of what it stands for, where that is said."""


def columns_of(listed: str) -> list[str]:
    """Return the names in a list of columns, as an SQL statement has it.

    Args:
        listed: what stands between the brackets.
    """
    return [column.strip().strip("\"'`[]").rpartition(".")[2] for column in listed.split(",")]


def parameters(statement: str, is_secret: IsSecret) -> Names | None:
    """Return the names of the positional parameters of an SQL statement, when one promises a secret.

    Args:
        statement: `INSERT INTO users (name, password) VALUES (?, ?)`, `UPDATE users SET password = %s WHERE id = %s`.
        is_secret: whether a name promises a secret.
    """
    statement = statement[:16_384]
    inserted = INSERT.search(statement)
    names: Names = [found[1] for found in PLACE.finditer(statement)] if inserted is None else [*columns_of(inserted[1])]
    return names if any(name is not None and is_secret(name) for name in names) else None
