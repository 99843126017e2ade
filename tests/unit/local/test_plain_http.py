from local.plain_http import refuses_plain_http


def test_only_the_rule_against_plain_http_is_lifted() -> None:
    tls_only = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    assert refuses_plain_http(tls_only)
    assert not refuses_plain_http({**tls_only, "Effect": "Allow"})
    assert not refuses_plain_http({**tls_only, "Condition": {}})
