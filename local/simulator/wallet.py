"""The account's credits."""

from threading import Lock


class Wallet:
    def __init__(self, balance: float) -> None:
        self._balance = balance
        self._lock = Lock()

    @property
    def balance(self) -> float:
        return round(self._balance, 4)

    def fill(self, balance: float) -> None:
        with self._lock:
            self._balance = balance

    def charge(self, amount: float) -> bool:
        """Charge all of ``amount`` or nothing; return whether the balance was sufficient."""
        with self._lock:
            if amount > self._balance:
                return False
            self._balance -= amount
            return True

    def refund(self, amount: float) -> None:
        with self._lock:
            self._balance += amount
