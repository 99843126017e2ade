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
    "metadata.goog",
    "fritz.box",
    "nas.fritz.box",
    "127-0-0-1.traefik.me",
    "app.traefik.me",
    "traefik.me",
    "192-168-1-1.my.local-ip.co",
    "10-0-0-1.0123456789abcdef.plex.direct",
    "7f000001.c0a80001.rbndr.us",
    "a.127.0.0.1.8.8.8.8.nip.io",
    "0--1.sslip.io",
    "fe80--1.sslip.io",
    "fd12-3456-789a-1-2-3-4-5.sslip.io",
    "x.ddev.site",
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
    "8-8-8-8.traefik.me",
    "8-8-8-8.0123456789abcdef.plex.direct",
    "08080808.09090909.rbndr.us",
    "2606-4700-4700--1111.sslip.io",
    "my--site.8-8-8-8.nip.io",
    "xn--bcher-kva.8.8.8.8.sslip.io",
    "metadata.goog.example",
    "fritz.box.example",
    "10.0.0.1.example",
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
