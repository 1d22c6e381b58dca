"""Which accounts a person may hear of. They live above this app, so they say at start-up who answers."""

from collections.abc import Callable

AccountsOf = Callable[[int], frozenset[str]]
_readers: list[AccountsOf] = []


def ask_for_accounts(reader: AccountsOf) -> None:
    """Called once, when the app that owns the accounts is ready."""
    _readers[:] = [reader]


def accounts_of(user_id: int) -> frozenset[str]:
    """The ids of the accounts that the user may see now; none while nobody answers."""
    return _readers[0](user_id) if _readers else frozenset()
