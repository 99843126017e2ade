"""URLs that cannot lead to an image, by what they say themselves, and what to do instead."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl, urlsplit

from ringback.catalogue.link_expiry import expires_at

_UPLOAD: Final = "upload it, for example to the drop bucket, and send its https:// or s3:// URL"
# Matched without case, in this order. Compiled when a URL is refused: most never are.
_KINDS: Final = (
    (r"$", "must not be empty; it must be an https:// or s3:// URL"),
    (r"data:", f"is a data: URI, which no provider takes; save it as a file, {_UPLOAD}"),
    (r"/9j/", f"is an image in Base64; save it as a file, {_UPLOAD}"),
    (
        r"file:|[a-z]:[\\/]|\\|~[/\\]|\.{1,2}[/\\]|/(?!/)",
        f"is a path on a computer, which no provider can read; {_UPLOAD}",
    ),
    (r"blob:", f"is a blob: URL, which exists in one browser only; {_UPLOAD}"),
    (r"http:", "must start with https://, not http://; many hosts answer to both"),
    (
        r"(gs|r2|oss|cos|tos|obs|az|abfss?|wasbs?)://",
        "must be an https:// URL; make a presigned one",
    ),
    (r"(?!https:|s3:)[a-z][a-z0-9+.-]*://", "must start with https:// or s3://"),
    (r"//", "must start with https://, not with //"),
    (r"iVBORw0KGgo|R0lGOD|UklGR", f"is an image in Base64; save it as a file, {_UPLOAD}"),
    (r"[^\s/:]+\.(png|jpe?g|webp|gif|avif|heic)$", f"is the name of a file; {_UPLOAD}"),
    (r"(?!https:|s3:)([a-z0-9-]+\.)+[a-z]{2,}(/|$)", "must start with https://"),
)
_MAX_READ: Final = 8192
_BLANKS: Final = re.compile(r"[\x00-\x20\s\ufeff\u200b-\u200f\u2060]+")

# Hosts whose pages people copy from the browser, by the end of the host: which paths are pages,
# what the page is called, and what to do instead.
_PAGES: Final = tuple(
    (host, path, f"is {name} page, not an image; {instead or _UPLOAD}")
    for host, path, name, instead in (
        (
            *("console.aws.amazon.com", "", "an AWS console"),
            "send s3://<bucket>/<key> or a presigned URL",
        ),
        ("console.cloud.google.com", "", "a Google Cloud console", "send a signed URL"),
        ("drive.google.com", r"/(?!uc\b|thumbnail\b)", "a Google Drive", ""),
        ("docs.google.com", r"/(?!uc\b)", "a Google Docs", ""),
        ("photos.google.com", "", "a Google Photos", ""),
        ("photos.app.goo.gl", "", "a Google Photos", ""),
        ("onedrive.live.com", r"/(?!download)", "a OneDrive", ""),
        ("1drv.ms", "", "a OneDrive", ""),
        ("sharepoint.com", r"/:\w:/", "a SharePoint", ""),
        ("icloud.com", "", "an iCloud", ""),
        ("imgur.com", "", "an Imgur", "open the image itself and send its i.imgur.com address"),
        ("ibb.co", "", "an ImgBB", "send the direct link, which is at i.ibb.co"),
        ("postimg.cc", "", "a Postimages", "send the direct link, which is at i.postimg.cc"),
        ("github.com", r"/[^/]+/[^/]+/blob/", "a GitHub", "send the address of its Raw button"),
        ("wetransfer.com", "", "a WeTransfer", ""),
        ("we.tl", "", "a WeTransfer", ""),
        ("app.box.com", "", "a Box", ""),
        ("mega.nz", "", "a MEGA", ""),
        ("pan.baidu.com", "", "a Baidu Netdisk", ""),
        (
            *("unsplash.com", r"/photos/(?!.*/download)", "an Unsplash"),
            "send the image's own address, which is at images.unsplash.com",
        ),
        ("pexels.com", r"/photo/", "a Pexels", "send its images.pexels.com address"),
        ("flickr.com", r"/photos/", "a Flickr", "send its live.staticflickr.com address"),
        ("pinterest.com", r"/pin/", "a Pinterest", "send its i.pinimg.com address"),
        ("instagram.com", "", "an Instagram", ""),
        ("wikipedia.org", r"/wiki/", "a Wikipedia", "send its upload.wikimedia.org address"),
        (
            *("commons.wikimedia.org", r"/wiki/(?!Special:)", "a Wikimedia Commons"),
            "send its upload.wikimedia.org address",
        ),
    )
)
# Subdomains that serve files, of hosts whose pages are above.
_FILE_HOSTS: Final = re.compile(r"(i|images|upload|live|raw|media|cdn|cvws|dl)\.")


def why_not_an_image(url: str, *, now: datetime) -> str:
    """Return why this can't be the URL of an image, in words for people; empty if it can."""
    bare = _BLANKS.sub("", url[:_MAX_READ])
    if not bare.lower().startswith("https://"):
        return next((words for form, words in _KINDS if re.match(form, bare, re.IGNORECASE)), "")
    try:
        parts = urlsplit(bare)
        host, query = parts.hostname or "", dict(parse_qsl(parts.query, keep_blank_values=True))
    except ValueError:
        return ""
    return _page(host, parts.path, query) or _expired(query, now)


def _page(host: str, path: str, query: Mapping[str, str]) -> str:
    if _is_of(host, "dropbox.com") and not _FILE_HOSTS.match(host):
        is_file = query.get("raw") == "1" or query.get("dl") == "1"
        return "" if is_file else "is a Dropbox page; end it with raw=1 instead of dl=0"
    if query.get("download") == "1" or _FILE_HOSTS.match(host):
        return ""
    # GitHub redirects it to the file: what its Raw button does.
    if _is_of(host, "github.com") and query.get("raw", "").lower() in ("1", "true"):
        return ""
    known = ((form, words) for end, form, words in _PAGES if _is_of(host, end))
    return next((words for form, words in known if re.match(form, path, re.IGNORECASE)), "")


def _is_of(host: str, known: str) -> bool:
    return host == known or host.endswith(f".{known}")


def _expired(query: Mapping[str, str], now: datetime) -> str:
    until = expires_at(query)
    if until is None or until > now:
        return ""
    return f"expired at {until:%Y-%m-%d %H:%M} UTC; make a new link that is valid for a day"
