"""Small questions about syntax trees."""

import ast


def last_name(node: ast.AST) -> str:
    """Return the last name in an expression: `a.b.narrate` and `a["narrate"]` end in "narrate"."""
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return node.attr
        case ast.Subscript():
            return constant_text(node.slice) or last_name(node.value)
        case ast.Call():
            text = constant_text(node.args[-1]) if node.args and last_name(node.func) in ("getattr", "get") else None
            return text or ""
        case _:
            return ""


def constant_text(node: ast.AST) -> str | None:
    """Return the text of a string literal."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def first_string(call: ast.Call) -> str | None:
    """Return the first argument of a call if it is written as a string."""
    given = (
        call.args[0]
        if call.args
        else next((keyword.value for keyword in call.keywords if keyword.arg == "actor"), None)
    )
    return constant_text(given) if given is not None else None


def passed(call: ast.Call) -> list[tuple[int | None, str | None, ast.expr]]:
    """Return the arguments of a call, each with its position or its name."""
    return [
        *((position, None, argument) for position, argument in enumerate(call.args)),
        *((None, keyword.arg, keyword.value) for keyword in call.keywords),
    ]
