"""What can be done to orders. Everything that trades enters through `submit_order`."""

from apps.orders.services.amending import request_amend
from apps.orders.services.answers import AmendAnswer, CancelAnswer, Submission
from apps.orders.services.baskets import BasketPreview, finish_baskets, preview_basket, submit_basket
from apps.orders.services.blocks import (
    Basis,
    BlockPreview,
    BlockRequest,
    BlockRow,
    finish_blocks,
    preview_block,
    submit_block,
)
from apps.orders.services.broker_events import apply_book_row, apply_broker_event
from apps.orders.services.cancelling import cancel_orders, request_cancel
from apps.orders.services.checking import check_order
from apps.orders.services.conditional_placing import cancel_conditional, place_conditional
from apps.orders.services.conditional_watch import stop_killed_conditionals
from apps.orders.services.day_end import close_day, expire_day
from apps.orders.services.exits import submit_exit
from apps.orders.services.gateway import run_gateway_slice, run_gateways
from apps.orders.services.holding import release_held_orders, request_replace
from apps.orders.services.last_resort import send_cancels_by_hand
from apps.orders.services.once import answer_once, forget_old_answers, one_at_a_time
from apps.orders.services.order_stream import run_order_stream_slice, run_order_streams
from apps.orders.services.plan_loop import run_plan_slice
from apps.orders.services.plans import PlanAnswer
from apps.orders.services.resolving import ENDABLE, Resolution, resolve_discrepancy
from apps.orders.services.slicing import advance_sliced, cancel_sliced, place_sliced
from apps.orders.services.stopping import cancel_for_kill_switch, cancel_kept, cancel_scope, count_kept
from apps.orders.services.submission import submit_order
from apps.orders.services.verification import verify_orders

__all__ = [
    "ENDABLE",
    "AmendAnswer",
    "Basis",
    "BasketPreview",
    "BlockPreview",
    "BlockRequest",
    "BlockRow",
    "CancelAnswer",
    "PlanAnswer",
    "Resolution",
    "Submission",
    "advance_sliced",
    "answer_once",
    "apply_book_row",
    "apply_broker_event",
    "cancel_conditional",
    "cancel_for_kill_switch",
    "cancel_kept",
    "cancel_orders",
    "cancel_scope",
    "cancel_sliced",
    "check_order",
    "close_day",
    "count_kept",
    "expire_day",
    "finish_baskets",
    "finish_blocks",
    "forget_old_answers",
    "one_at_a_time",
    "place_conditional",
    "place_sliced",
    "preview_basket",
    "preview_block",
    "release_held_orders",
    "request_amend",
    "request_cancel",
    "request_replace",
    "resolve_discrepancy",
    "run_gateway_slice",
    "run_gateways",
    "run_order_stream_slice",
    "run_order_streams",
    "run_plan_slice",
    "send_cancels_by_hand",
    "stop_killed_conditionals",
    "submit_basket",
    "submit_block",
    "submit_exit",
    "submit_order",
    "verify_orders",
]
