"""Names that lead inside, for input images and results alike."""

import pytest
from ringback.domain.errors import AddressRefused
from ringback.outbound.host_names import is_inside
from ringback.outbound.urls import parse_url

INSIDE = [
    "a.localhost",
    "printer.local",
    "db.internal",
    "metadata.google.internal",
    "METADATA.google.INTERNAL",
    "instance-data.ec2.internal",
    "ip-10-0-0-1.eu-west-1.compute.internal",
    "host.docker.internal",
    "kubernetes.default.svc",
    "api.default.svc.cluster.local",
    "router.home.arpa",
    "nas.lan",
    "wiki.corp",
    "1.0.0.127.in-addr.arpa",
    "metadata.tencentyun.com",
    "x.onion",
    "app.localtest.me",
    "127.0.0.1.nip.io",
    "app.10-0-0-1.sslip.io",
    "app-192-168-0-1.nip.io",
    "7f000001.nip.io",
    "169.254.169.254.xip.io",
]
OUTSIDE = [
    "cdn.example",
    "localhost.example",
    "internal.example",
    "a.internal.example",
    "notlocal.example",
    "8.8.8.8.nip.io",
    "08080808.nip.io",
    "nip.io",
    "words.nip.io",
    "mylocaltest.me",
]


@pytest.mark.parametrize("host", INSIDE)
def test_a_name_inside_is_refused(host: str) -> None:
    assert is_inside(host.lower())
    with pytest.raises(AddressRefused, match="inside a network"):
        parse_url(f"https://{host}/a.png")
    listed = {f"{host.lower()}:80"}
    assert parse_url(f"http://{host}/a.png", plain_http_hosts=listed)


@pytest.mark.parametrize("host", OUTSIDE)
def test_a_public_name_is_not(host: str) -> None:
    assert not is_inside(host)
    assert parse_url(f"https://{host}/a.png").host == host
