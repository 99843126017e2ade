"""What is known to break. A mend takes its entries off this list.

By fault and effect (all of that name, or the one of that number): the scenarios in which a
guarantee breaks.
"""

from collections.abc import Mapping
from typing import Final

from tests.support.effects import Fault

NO_CREDITS: Final = ("no credits first", "no credits for long", "a capped key")
KNOWN_BREAKS: Final[Mapping[Fault, Mapping[str, tuple[str, ...]]]] = {
    # The table cannot be written to past the job's deadline. Afterwards the message with the
    # provider's refusal and the job's check are both due. If the check comes first, the job expires
    # and says that it may be charged: a final job is not taken back for the sake of a refusal.
    Fault.LONG_OUTAGE: {
        "move to accepted 1": ("busy first", "busy once", *NO_CREDITS),
        "move to accepted 2": ("busy first",),
        # A refusal of the account reads the job before that write.
        "get 2": NO_CREDITS,
        "move to failed": ("refused",),
    },
}
