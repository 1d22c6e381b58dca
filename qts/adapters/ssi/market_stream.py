"""The FC Data stream: connects, subscribes, hands out frames. It has no resume number: after a drop, what was missed is
missed, and the whole channel list is sent again."""

from collections.abc import Sequence

from qts.adapters.ssi.market_data import MarketDataClient
from qts.adapters.ssi.signalr import SignalRConnection, StreamRefused

HUB = "FcMarketDataV2Hub"


def connect_market_stream(
    stream_url: str, client: MarketDataClient, channels: Sequence[str], *, silence_max_s: float | None = None
) -> SignalRConnection:
    """An open connection subscribed to `channels` ("X-TRADE:ALL", ...); use it in a `with`, or close it.

    All channels go in one call, since a later call may replace an earlier one. Raises TransientError or TerminalError
    when it cannot connect; a refused token is dropped, so the next attempt fetches a new one.
    """
    token = client.token()
    stream = SignalRConnection(stream_url, HUB, {"Authorization": f"Bearer {token}"}, silence_max_s=silence_max_s)
    try:
        stream.open()
        stream.invoke("SwitchChannels", ",".join(channel.strip() for channel in channels))
    except StreamRefused:
        client.drop_token(token)
        raise
    except BaseException:
        stream.close()
        raise
    return stream
