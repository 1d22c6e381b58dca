"""SSI's order status codes (FC Trading Specs v2.4, order status table) as triggers of our own table."""

from typing import Final

from qts.domain.orders.life import OrderTrigger


class UnknownBrokerStatus(Exception):
    """A status code that the documents do not hold; the order is left as it is and a person is told."""


_TRIGGERS: Final = {
    **dict.fromkeys(("WA", "RS", "SD", "IAV", "SOR", "SOS", "SOI"), OrderTrigger.BROKER_HELD),
    # PF and FF only say how much has matched; the matches themselves come as events of their own and move the state.
    **dict.fromkeys(("QU", "PF", "FF", "WM"), OrderTrigger.ACCEPTED),
    "WC": OrderTrigger.CANCEL_REQUESTED,
    "CL": OrderTrigger.CANCELLED,
    "FFPC": OrderTrigger.CANCELLED,  # partly filled, the rest cancelled
    "RJ": OrderTrigger.REJECTED,
    "EX": OrderTrigger.EXPIRED,
}


def broker_trigger(status_code: str) -> OrderTrigger:
    """Codes are upper case on the wire and mixed in one appendix of the specification; raises UnknownBrokerStatus."""
    trigger = _TRIGGERS.get(status_code.upper())
    if trigger is None:
        raise UnknownBrokerStatus(status_code)
    return trigger
