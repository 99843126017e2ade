"""An image's facts as the metadata of its object: they outlive a crash before they are recorded."""

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlencode

from ringback.domain.images import ImageFacts
from ringback.domain.jobs import JobId
from ringback.domain.marks import Marks

if TYPE_CHECKING:
    from types_boto3_s3.type_defs import HeadObjectOutputTypeDef

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
MAX_PACKED: Final = 1400  # bytes of an image's marks
LABEL_FIELD: Final = "label."


def to_metadata(job_id: JobId, facts: ImageFacts) -> dict[str, str]:
    """Return what ``facts_of`` needs; S3 takes 2 KB of it, in ASCII."""
    metadata = {
        "job-id": job_id,
        "sha256": facts.sha256,
        "width": str(facts.width),
        "height": str(facts.height),
    }
    if facts.trailing_bytes:
        metadata["trailing-bytes"] = str(facts.trailing_bytes)
    if facts.damage:
        metadata["damage"] = facts.damage
    if facts.marks != Marks():
        packed = _packed(facts.marks)
        # A label that is too long is in the file, and usually in the job's record.
        short = packed if len(packed) <= MAX_PACKED else _packed(Marks(c2pa=facts.marks.c2pa))
        metadata["marks"] = short
    return metadata


def _packed(marks: Marks) -> str:
    fields = {"c2pa": "yes"} if marks.c2pa else {}
    if marks.iptc is not None:
        fields["iptc"] = marks.iptc
    label = {f"{LABEL_FIELD}{name}": text for name, text in (marks.aigc_label or {}).items()}
    return urlencode(fields | label)


def _marks_of(packed: str) -> Marks:
    fields = dict(parse_qsl(packed, keep_blank_values=True))
    label = {
        name.removeprefix(LABEL_FIELD): text
        for name, text in fields.items()
        if name.startswith(LABEL_FIELD) and name != LABEL_FIELD
    }
    return Marks(c2pa="c2pa" in fields, iptc=fields.get("iptc"), aigc_label=label or None)


def facts_of(job_id: JobId, key: str, head: "HeadObjectOutputTypeDef") -> ImageFacts | None:
    """Read what ``to_metadata`` wrote; ``None`` for an object that is not an image of this job."""
    metadata = head["Metadata"]
    sha256 = metadata.get("sha256", "")
    names = ("width", "height", "trailing-bytes")
    sizes = [metadata.get(name, "0" if name == names[-1] else "") for name in names]
    is_ours = metadata.get("job-id") == job_id and _SHA256.fullmatch(sha256)
    if not is_ours or not all(size.isascii() and size.isdigit() for size in sizes):
        return None
    width, height, trailing_bytes = map(int, sizes)
    return ImageFacts(
        trailing_bytes=trailing_bytes,
        damage=metadata.get("damage", ""),
        marks=_marks_of(metadata.get("marks", "")),
        content_type=head["ContentType"],
        extension=key.rpartition(".")[2],
        width=width,
        height=height,
        bytes=head["ContentLength"],
        sha256=sha256,
    )
