"""The answer that decides a job, as it is kept: bounded, and without our own secrets."""

import json
import re
from typing import Any, Final

# An ordinary answer has one or two thousand.
MAX_KEPT_BYTES: Final = 8 * 1024
# A slash as it stands in JSON, in JSON within JSON, or in a URL within a URL.
_SLASH: Final = r"(?:\\*/|\\*u002[fF]|%2[fF])"
_CALLBACK_URL: Final = re.compile(
    rf"(?:https?:[^\"\s]{{0,500}}?)?callbacks{_SLASH}\w+{_SLASH}job_\w+{_SLASH}[\w-]+", re.ASCII
)
# What makes a presigned link to an input image work.
_SIGNATURE: Final = re.compile(
    r"(X-Amz-(?:Signature|Security-Token|Credential)(?:=|\\*u003[dD]|%3[dD]))[^&\"\\\s]+"
)


def kept(answer: Any) -> str:
    """Return the parsed answer as text.

    The provider echoes our callback URL, whose token lets anybody call us back about the job, and
    our links to input images.
    """
    text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    text = _SIGNATURE.sub(r"\1[taken out]", _CALLBACK_URL.sub("[callback URL]", text))
    return text.encode("utf-8", "replace")[:MAX_KEPT_BYTES].decode("utf-8", "ignore")
