"""What all simulated providers share."""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event

from local.simulator.callback_sender import CallbackSender
from local.simulator.fault_board import FaultBoard
from local.simulator.ledger import Ledger
from local.simulator.links import Links
from local.simulator.schedule import Schedule
from local.simulator.settings import Settings
from local.simulator.wallet import Wallet


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """``url`` can be called once the server listens; ``stopping`` ends every wait."""

    settings: Settings
    clock: Callable[[], float]
    url: Callable[[], str]
    log: Callable[[str], None]
    stopping: Event
    schedule: Schedule
    ledger: Ledger
    faults: FaultBoard
    links: Links
    callbacks: CallbackSender
    wallet: Wallet
