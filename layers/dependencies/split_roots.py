"""Split certifi's bundle of root certificates: ``split_roots.py FOLDER-OF-PACKAGES``.

Reading all 120 takes 15 ms of CPU for each TLS context, a fifth of a second with 128 MB. Of a
folder whose files are named by the hash of their subject, OpenSSL reads the one that it needs.
https://docs.openssl.org/3.0/man3/SSL_CTX_load_verify_locations/ docs/decisions/0071.
"""

import hashlib
import re
import ssl
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

CERTIFICATE: Final = re.compile(
    "-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL
)
SEQUENCE, VERSION = 0x30, 0xA0
UTF8_STRING: Final = 0x0C
# How texts of the other types are encoded; what is none of these is compared as it is.
ENCODINGS: Final = {
    **{UTF8_STRING: "utf-8", 0x13: "ascii", 0x14: "latin-1", 0x16: "ascii"},
    **{0x1A: "ascii", 0x1C: "utf-32-be", 0x1E: "utf-16-be"},
}
WHITE_SPACE: Final = re.compile(rb"[\t-\r ]+")


def main(folder: Path) -> None:
    certifi, known = folder / "certifi", Counter[str]()
    (certifi / "roots").mkdir()
    for pem in CERTIFICATE.findall((certifi / "cacert.pem").read_text()):
        name = subject_hash(ssl.PEM_cert_to_DER_cert(pem))
        (certifi / "roots" / f"{name}.{known[name]}").write_text(f"{pem}\n")
        known[name] += 1


def subject_hash(certificate: bytes) -> str:
    """Return what OpenSSL's ``X509_NAME_hash`` does: the beginning of a SHA-1 of the subject.

    In the subject, all text is UTF-8, ASCII letters are small, and white space is one blank.
    """
    ((_, whole),) = values(certificate)
    (_, to_be_signed), *_ = values(whole)
    fields = [content for tag, content in values(to_be_signed) if tag != VERSION]
    subject = fields[4]  # after serial number, algorithm, issuer and validity
    canonical = b"".join(
        encoded(tag, b"".join(encoded(SEQUENCE, attribute(each)) for _, each in values(parts)))
        for tag, parts in values(subject)
    )
    digest = hashlib.sha1(canonical, usedforsecurity=False).digest()
    return f"{int.from_bytes(digest[:4], 'little'):08x}"


def attribute(content: bytes) -> bytes:
    (tag, kind), (text_tag, text) = values(content)
    if text_tag in ENCODINGS:
        as_utf_8 = text.decode(ENCODINGS[text_tag]).encode()
        text_tag, text = UTF8_STRING, WHITE_SPACE.sub(b" ", as_utf_8).strip(b" ").lower()
    return encoded(tag, kind) + encoded(text_tag, text)


def values(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield tag and content of each value in DER."""
    at = 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length >= 0x80:
            size = length - 0x80
            length, at = int.from_bytes(data[at : at + size], "big"), at + size
        yield tag, data[at : at + length]
        at += length


def encoded(tag: int, content: bytes) -> bytes:
    """Return a value in DER; no name has as much as 64 KiB."""
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    size = 1 if length < 0x100 else 2
    return bytes((tag, 0x80 + size)) + length.to_bytes(size, "big") + content


if __name__ == "__main__":
    main(Path(sys.argv[1]))
