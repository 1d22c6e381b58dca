from dataclasses import replace

from qts.domain.orders import OrderRequest
from qts.domain.values import OrderType, Side

BUY = OrderRequest("SSI", Side.BUY, OrderType.LO, 300, 25_050, "wish-1")


def test_the_hash_of_a_request_ignores_its_name_and_sees_every_other_field() -> None:
    assert replace(BUY, client_order_id="wish-2").body_hash == BUY.body_hash
    others = [
        replace(BUY, symbol="VND"),
        replace(BUY, side=Side.SELL),
        replace(BUY, order_type=OrderType.ATC, price_vnd=None),
        replace(BUY, quantity=400),
        replace(BUY, price_vnd=25_100),
    ]
    assert len({BUY.body_hash, *(other.body_hash for other in others)}) == 6
