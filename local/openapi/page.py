"""The API's description as one page for people: plain HTML, no script, nothing from elsewhere."""

from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, Final

from ringback.http_api.problems import PROBLEMS

_STYLE: Final = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}
code,pre{font-family:ui-monospace,monospace;font-size:.9em}
pre{overflow:auto;padding:.75rem;border:1px solid #8886;border-radius:.4rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0;border-bottom:1px solid #8884}
h2{margin-top:2.5rem}
h3 code{font-size:1em}
nav a{margin-right:1rem}
""".strip()


def page_of(document: Mapping[str, Any]) -> str:
    """Return the page of an OpenAPI document that Ringback's own tool has made."""
    info, schemas = document["info"], document["components"]["schemas"]
    requests = {
        model: _name(to) for model, to in schemas["request"]["discriminator"]["mapping"].items()
    }
    routes = [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    parts = [
        f"<h1>{_text(info['title'])} {_text(info['version'])}</h1>",
        f"<p>{_text(info['summary'])} Requests carry"
        " <code>Authorization: Bearer &lt;key&gt;</code>.",
        "The same for programs: <a href='/openapi.json'>openapi.json</a>.</p>",
        "<nav><a href='#routes'>Routes</a><a href='#models'>Models</a>"
        "<a href='#answers'>Answers</a><a href='#problems'>Problems</a></nav>",
        "<h2 id='routes'>Routes</h2>",
        *(_route(*route) for route in routes),
        "<h2 id='models'>Models</h2>",
        *(_model(model, schemas[name]) for model, name in requests.items()),
        "<h2 id='answers'>Answers</h2>",
        *(
            _answer(name, schema)
            for name, schema in schemas.items()
            if name not in requests.values() and "properties" in schema
        ),
        "<h2 id='problems'>Problems</h2>",
        "<p>A problem's <code>type</code> leads to its section here.</p>",
        *_problems(),
    ]
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        f"<title>{_text(info['title'])}</title><style>{_STYLE}</style></head>"
        f"<body><main>{''.join(parts)}</main></body></html>\n"
    )


def _route(method: str, path: str, operation: Mapping[str, Any]) -> str:
    answers = [
        (f"<code>{_text(status)}</code>", _text(answer["description"]))
        for status, answer in operation["responses"].items()
    ]
    parameters = [
        (
            f"<code>{_text(each['name'])}</code>",
            _text(each["in"]),
            _text(f"{each['description']} {_limits(each['schema'])}"),
        )
        for each in operation.get("parameters", ())
    ]
    return (
        f"<section id='{_text(operation['operationId'])}'>"
        f"<h3><code>{_text(method)} {_text(path)}</code></h3>"
        f"<p>{_text(operation['summary'])}. {_text(operation.get('description', ''))}</p>"
        f"{_table(('parameter', 'in', ''), parameters)}"
        f"{_table(('status', ''), answers)}</section>"
    )


def _model(model: str, schema: Mapping[str, Any]) -> str:
    return (
        f"<section id='{_text(model)}'><h3><code>{_text(model)}</code></h3>"
        f"<p>{_text(schema['description'])}</p>{_fields(schema['properties']['input'])}</section>"
    )


def _answer(name: str, schema: Mapping[str, Any]) -> str:
    return (
        f"<section id='{_text(name)}'><h3>{_text(name)}</h3>"
        f"<p>{_text(schema.get('description', ''))}</p>{_fields(schema)}</section>"
    )


def _problems() -> Iterable[str]:
    for problem in PROBLEMS.values():
        yield (
            f"<section id='{_text(problem.name)}'>"
            f"<h3>{int(problem.status)} {_text(problem.name)}</h3>"
            f"<p>{_text(problem.title)} {_text(problem.remedy)}</p></section>"
        )


def _fields(schema: Mapping[str, Any]) -> str:
    required = schema.get("required", ())
    rows = [
        (
            f"<code>{_text(name)}</code>",
            "required" if name in required else "",
            _text(f"{each.get('description', '')} {_limits(each)}"),
        )
        for name, each in schema["properties"].items()
    ]
    return _table(("field", "", ""), rows)


# What is shown of a schema, and how.
_LIMITS: Final[Mapping[str, str]] = {
    "type": "{}.",
    "enum": "One of {}.",
    "const": "Always {}.",
    "minLength": "At least {} characters.",
    "maxLength": "At most {} characters.",
    "minimum": "At least {}.",
    "maximum": "At most {}.",
    "minItems": "At least {} items.",
    "maxItems": "At most {} items.",
    "default": "Default: {}.",
}


def _limits(schema: Mapping[str, Any]) -> str:
    return " ".join(
        sentence.format(_value(schema[name]))
        for name, sentence in _LIMITS.items()
        if schema.get(name, "") != ""
    )


def _value(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """Return a table of cells that are HTML already, nothing without rows."""
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    head = "".join(f"<th scope='col'>{_text(name)}</th>" for name in heads)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>" if body else ""


def _name(reference: str) -> str:
    return reference.rpartition("/")[2]


def _text(value: object) -> str:
    return escape(str(value))
