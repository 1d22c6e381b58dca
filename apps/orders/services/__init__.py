"""What can be done to orders. Everything that trades enters through `submit_order`."""

from apps.orders.services.answers import CancelAnswer, Submission
from apps.orders.services.cancelling import cancel_scope, request_cancel
from apps.orders.services.submission import submit_order

__all__ = ["CancelAnswer", "Submission", "cancel_scope", "request_cancel", "submit_order"]
