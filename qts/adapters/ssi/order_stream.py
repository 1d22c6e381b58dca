"""The FC Trading stream: order events, fills and errors of the customer that the token belongs to."""

from qts.adapters.ssi.signalr import SignalRConnection, StreamRefused
from qts.adapters.ssi.trading import TradingClient

HUB = "BroadcastHubV2"
NOTIFY_ID_NEW_ONLY = -1
NOTIFY_ID_WHOLE_DAY = 0


def connect_order_stream(
    stream_url: str, client: TradingClient, *, notify_id: int, silence_max_s: float | None = None
) -> SignalRConnection:
    """An open connection that begins with event `notify_id`; use it in a `with`, or close it.

    0 repeats the day from its beginning, -1 nothing. Whether event n itself comes again is not documented, so drop
    numbers up to the last one handled. Raises TransientError or TerminalError when it cannot connect; a refused token
    is dropped, so the next attempt fetches a new one.
    """
    token = client.read_token()
    headers = {"Authorization": f"Bearer {token}", "NotifyID": str(notify_id)}
    stream = SignalRConnection(stream_url, HUB, headers, silence_max_s=silence_max_s)
    try:
        stream.open()
    except StreamRefused:
        client.drop_read_token(token)
        raise
    return stream
