"""The words in which providers say that an account has no credits left, whatever the code."""

import re
from typing import Final

# The whole message has to be about credits, so that an echoed prompt is not taken for one.
_NO_CREDITS: Final = re.compile(
    r"""
    .{0,12} (?:余额|积分|点数|蝉豆) .{0,4} (?:不足|不够) .{0,60}
    | (?: (?:error|the|your|you|current|user|api|key|has|have) [\s:]+ )*
      (?:
        (?:insufficient|not\ enough|no|out\ of) \s+ (?: (?:account|user|api) \s+ )?
        (?:credits?|balance|funds) (?!\s+cards?)
      | (?: (?:account|user|api) \s+ )? (?:credits?|balance) \s+
        (?:
          (?: (?:is|are) \s+ )? (?:insufficient|not\ enough|not\ sufficient|too\ low|exhausted)
        | (?:isn't|aren't|isn’t|aren’t) \s+ (?:enough|sufficient)
        )
      )
      \b .{0,80}
    """,
    re.DOTALL | re.IGNORECASE | re.VERBOSE,
)


def says_no_credits(message: str) -> bool:
    """Tell whether a message says so, and nothing else.

    Words prove nothing about a task. They only keep further jobs back.
    """
    return _NO_CREDITS.fullmatch(message.strip()) is not None
