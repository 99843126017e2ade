from ringback.studio.page_headers import live_url, page_headers

HEADERS = page_headers(
    jobs_api="https://api.example",
    live_api="https://live.example/live",
    images="https://images.s3.eu-west-1.amazonaws.com",
    drops="https://drops.s3.eu-west-1.amazonaws.com",
)


def policy(headers: dict[str, str]) -> dict[str, str]:
    parts = headers["content-security-policy"].split("; ")
    return {name: sources for name, _, sources in (part.partition(" ") for part in parts)}


def test_the_page_loads_its_own_files_and_speaks_to_its_own_stack_only() -> None:
    assert policy(HEADERS) == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' blob: https://images.s3.eu-west-1.amazonaws.com",
        "connect-src": "'self' https://api.example wss://live.example"
        " https://images.s3.eu-west-1.amazonaws.com https://drops.s3.eu-west-1.amazonaws.com",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
        "require-trusted-types-for": "'script'",
        "trusted-types": "'none'",
    }


def test_addresses_that_share_an_origin_are_named_once() -> None:
    """On one machine; paths are left out, and ws: follows http:."""
    here = "http://127.0.0.1:4566"
    headers = page_headers(jobs_api=f"{here}/api", live_api=f"{here}/live", images=here, drops=here)
    assert policy(headers)["connect-src"] == f"'self' {here} ws://127.0.0.1:4566"


def test_the_other_headers_keep_it_to_itself() -> None:
    assert HEADERS["x-content-type-options"] == "nosniff"
    assert HEADERS["referrer-policy"] == "no-referrer"
    assert "camera=(), " in HEADERS["permissions-policy"]
    assert HEADERS["cross-origin-opener-policy"] == "same-origin"
    assert HEADERS["cross-origin-resource-policy"] == "same-origin"
    assert HEADERS["strict-transport-security"] == "max-age=63072000"


def test_a_browser_opens_the_live_line_by_its_own_scheme() -> None:
    assert live_url("https://a.example/live") == "wss://a.example/live"
    assert live_url("http://127.0.0.1:1/http") == "ws://127.0.0.1:1/http"
