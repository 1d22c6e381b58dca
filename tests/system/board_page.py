"""What an open board shows: the live protocol as the page speaks it, connecting anew whenever it is closed."""

import json
import threading
import time
from collections import defaultdict
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

AGAIN_S = 0.5  # the page waits longer; here the server's part is looked at


class BoardPage:
    """`quotes` by symbol, as merged from the snapshot and the changes; `changed_at` of the wall clock."""

    def __init__(self, web_url: str, session: str) -> None:
        self._url = web_url.replace("http", "ws", 1) + "ws/markets"
        self._headers = {"Cookie": f"sessionid={session}", "Origin": web_url.rstrip("/")}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="board", daemon=True)
        self.quotes: dict[str, dict[str, Any]] = defaultdict(dict)
        self.changed_at = 0.0
        self.snapshots = 0

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join(10)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._look()
            except (WebSocketException, OSError):
                time.sleep(AGAIN_S)

    def _look(self) -> None:
        with connect(self._url, additional_headers=self._headers, proxy=None) as socket:
            socket.send(json.dumps({"action": "subscribe", "channel": "quotes", "symbols": []}))
            while not self._stop.is_set():
                try:
                    message = json.loads(socket.recv(timeout=0.5))
                except TimeoutError:
                    continue
                if message["channel"] == "quotes":
                    self._take(message)

    def _take(self, message: dict[str, Any]) -> None:
        if message["seq"] == 0:
            self.snapshots += 1
            self.quotes.clear()
        else:
            self.changed_at = time.time()
        for symbol, fields in message["data"].items():
            self.quotes[symbol].update(fields)
