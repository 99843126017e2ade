"""The layer has each of certifi's roots in a file of its own, where OpenSSL looks for it."""

import ssl
from datetime import timedelta
from pathlib import Path

import certifi
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.name import _ASN1Type
from cryptography.x509.oid import NameOID
from ringback.providers import api_calls

from layers.dependencies.split_roots import main, subject_hash
from tests.support.jobs import NOON

HOST = "api.example"
KEY = ec.generate_private_key(ec.SECP256R1())
# As the files of /etc/ssl/certs are called on any Linux.
KNOWN = {
    "Amazon Root CA 1": "ce5e74ef",
    "DigiCert Global Root G2": "607986c7",
    "ISRG Root X1": "4042bcee",
}


def split(place: Path, bundle: str) -> Path:
    (place / "certifi").mkdir()
    (place / "certifi" / "cacert.pem").write_text(bundle)
    main(place)
    return place / "certifi" / "roots"


@pytest.fixture(scope="module")
def roots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return split(tmp_path_factory.mktemp("packages"), Path(certifi.where()).read_text())


def test_no_root_is_lost(roots: Path) -> None:
    whole = Path(certifi.where()).read_text()
    files = [path.read_text() for path in roots.iterdir()]
    assert len(files) == whole.count("BEGIN CERTIFICATE") > 100
    assert all(text.strip() in whole for text in files)


@pytest.mark.parametrize("name", KNOWN)
def test_a_root_has_the_name_that_openssl_gives_it(roots: Path, name: str) -> None:
    found = x509.load_pem_x509_certificate((roots / f"{KNOWN[name]}.0").read_bytes())
    (common_name,) = found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert common_name.value == name


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("  Root  of \t Trust ", _ASN1Type.UTF8String),
        ("Rööt ÄÖ €", _ASN1Type.UTF8String),
        ("Root of Trust", _ASN1Type.PrintableString),
        ("Rööt", _ASN1Type.BMPString),
        ("Root", _ASN1Type.UniversalString),
        ("R" * 64, _ASN1Type.IA5String),
    ],
)
def test_openssl_finds_a_root_by_its_name(tmp_path: Path, text: str, kind: _ASN1Type) -> None:
    """In a handshake in memory, with a root whose name is written in each of the ways."""
    attributes = [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, "An Organization, " * 3),
        x509.NameAttribute(NameOID.COMMON_NAME, text, kind),
    ]
    subject = x509.Name(attributes)
    root, own = certificate(subject, subject, is_root=True), certificate(name_of_host(), subject)
    folder = split(tmp_path, root)
    (file,) = folder.iterdir()
    assert file.name == f"{subject_hash(ssl.PEM_cert_to_DER_cert(root))}.0"
    served = tmp_path / "own.pem"
    served.write_text(own + pem_of_key())
    shake_hands(ssl.create_default_context(capath=str(folder)), served)
    file.rename(folder / "00000000.0")
    with pytest.raises(ssl.SSLCertVerificationError):
        shake_hands(ssl.create_default_context(capath=str(folder)), served)


def test_providers_are_called_with_the_split_roots(
    monkeypatch: pytest.MonkeyPatch, roots: Path
) -> None:
    whole = api_calls._tls.__wrapped__()
    monkeypatch.setattr(certifi, "where", lambda: str(roots.with_name("cacert.pem")))
    context = api_calls._tls.__wrapped__()
    # What is in a folder is read when it is needed.
    assert (len(whole.get_ca_certs()) > 100, context.get_ca_certs()) == (True, [])
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def name_of_host() -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, HOST)])


def certificate(subject: x509.Name, issuer: x509.Name, *, is_root: bool = False) -> str:
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOON - timedelta(days=3650))
        .not_valid_after(NOON + timedelta(days=36500))
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(KEY.public_key()), critical=False)
    )
    return made.sign(KEY, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def pem_of_key() -> str:
    return KEY.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def shake_hands(trusting: ssl.SSLContext, served: Path) -> None:
    """Raise ``SSLCertVerificationError`` if the client does not trust the server."""
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(served)
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting.wrap_bio(back, there, server_hostname=HOST)
    server = serving.wrap_bio(there, back, server_side=True)
    for side in (client, server, client, server):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert client.cipher() is not None
