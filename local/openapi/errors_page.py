"""Write docs/errors.md: every error that a client can get."""

from collections.abc import Iterator

from ringback.http_api.problems import PROBLEMS

from local.openapi.gateway import GATEWAY

_HEAD = """\
# Errors

`make openapi` writes this page. Errors are `application/problem+json`
([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)): `type` leads to a section of the API's
own page `/docs`, `detail` says what is wrong with this request, and `errors` names every invalid
field at once.

| status | `type` | meaning | what to do |
| --- | --- | --- | --- |
"""
_GATEWAY = """
API Gateway answers some requests itself, as `application/json` with a `message`; HTTP APIs cannot
change that. On the callbacks' own API that includes `404` (`Not Found`).

| status | `message` | when | what to do |
| --- | --- | --- | --- |
"""


def errors_page() -> str:
    return _HEAD + "".join(_problems()) + _GATEWAY + "".join(_of_the_gateway())


def _problems() -> Iterator[str]:
    for each in sorted(PROBLEMS.values(), key=lambda problem: problem.status):
        yield f"| {int(each.status)} | `{each.type}` | {each.title} | {each.remedy} |\n"


def _of_the_gateway() -> Iterator[str]:
    for each in GATEWAY:
        yield f"| {each.status} | `{each.message}` | {each.when} | {each.remedy} |\n"
