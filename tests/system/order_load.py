"""A trader's program: a stream of orders and cancels over REST, which takes no silence for an answer.

Each order has an Idempotency-Key. Whatever goes wrong (no connection, no answer, a failure of the server), the same
request is repeated with the same key until it is answered with a 201 or a refusal.
"""

import random
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx2

TIMEOUT_S = 5.0
REPEAT_S = 0.3
RESTING_MAX = 4
SYMBOLS = ("FPT", "HPG", "SSI", "VCB", "VNM")  # the account holds some of each when the demo begins


@dataclass(frozen=True, slots=True)
class Pattern:
    """`every_s` is from one order to the next; `buys` is the share of purchases, `marketable` of those at a price at
    which somebody takes them; every `twice_every`th request is sent again although it was answered."""

    every_s: float
    buys: float
    marketable: float
    twice_every: int


# with the strategies' orders and all cancels below the broker's five calls a second
STEADY = Pattern(0.7, 0.5, 0.67, 5)
BUSY = Pattern(1.0, 0.9, 0.02, 25)  # few are filled: cash and shares must last for hundreds of kills


@dataclass
class Wish:
    """One order that somebody wants, and what became of the wanting."""

    key: str
    body: dict[str, object]
    is_marketable: bool
    asked_at: float  # wall clock, like all times here
    statuses: list[int | str] = field(default_factory=list)  # of every attempt: an HTTP status or an error's name
    order_ids: set[str] = field(default_factory=set)

    @property
    def is_accepted(self) -> bool:
        return 201 in self.statuses

    @property
    def was_repeated(self) -> bool:
        """It was asked for again because an answer was missing."""
        return not isinstance(self.statuses[0], int) or self.statuses[0] >= 500


class OrderLoad:
    """One thread for one account. `surprises` are answers that no kill explains."""

    def __init__(
        self, web_url: str, session: Sequence[str], account_id: str, name: str, pattern: Pattern = STEADY
    ) -> None:
        """`session` is what `inside.begin` printed of the user."""
        self._pattern = pattern
        self.user_key, cookie = session
        self.account_id = account_id
        self.wishes: list[Wish] = []
        self.surprises: list[str] = []
        self._name = name
        self._random = random.Random(name)
        self._resting: deque[str] = deque()
        self._bands: dict[str, tuple[int, int]] = {}
        self._stop = threading.Event()
        token = "t" * 32  # Django compares the cookie with the header; who has neither cannot know the other
        self._http = httpx2.Client(
            base_url=f"{web_url}api/v1/",
            timeout=TIMEOUT_S,
            trust_env=False,
            headers={"Cookie": f"sessionid={cookie}; csrftoken={token}", "X-CSRFToken": token},
        )
        self._thread = threading.Thread(target=self._run, name=f"load-{name}", daemon=True)

    def start(self) -> None:
        for quote in self._answer("GET", f"quotes/?symbols={','.join(SYMBOLS)}").json():
            self._bands[quote["symbol"]] = (quote["floor_vnd"], quote["ceiling_vnd"])
        assert len(self._bands) == len(SYMBOLS)
        self._thread.start()

    def stop(self) -> None:
        """Returns once the last wish is answered."""
        self._stop.set()
        self._thread.join(90)
        assert not self._thread.is_alive(), f"{self._name}: a request is never answered: {self.wishes[-1]}"

    def cancel_all(self) -> None:
        """Of its account, whoever placed them; an order that is over meanwhile refuses, and that is fine."""
        for order in self._answer("GET", f"orders/?open_only=true&limit=1000&account_id={self.account_id}").json():
            self._answer("POST", f"orders/{order['id']}/cancel/")

    def _run(self) -> None:
        number, next_at = 0, time.monotonic()
        while not self._stop.is_set():
            number += 1
            next_at = max(next_at + self._pattern.every_s, time.monotonic())
            wish = self._next_wish(number)
            self.wishes.append(wish)
            self._place(wish)
            if number % self._pattern.twice_every == 0:
                self._place(wish)
            if not wish.is_marketable and wish.is_accepted:
                self._resting.append(next(iter(wish.order_ids)))
            if len(self._resting) > RESTING_MAX:
                self._answer("POST", f"orders/{self._resting.popleft()}/cancel/")
            self._stop.wait(max(0.0, next_at - time.monotonic()))

    def _next_wish(self, number: int) -> Wish:
        """Buys and sales alike. Equal ones in a row are meant."""
        symbol = self._random.choice(SYMBOLS)
        is_buy = self._random.random() < self._pattern.buys
        is_marketable = self._random.random() < self._pattern.marketable
        quantity = 100 * self._random.randint(1, 3)
        floor_vnd, ceiling_vnd = self._bands[symbol]
        body: dict[str, object] = {
            "account_id": self.account_id,
            "symbol": symbol,
            "side": "BUY" if is_buy else "SELL",
            "order_type": "LO",
            "quantity": quantity,
            "price_vnd": ceiling_vnd if is_buy is is_marketable else floor_vnd,
            "confirmations": {"DUPLICATE_ORDER": quantity},
        }
        return Wish(f"{self._name}-{number}", body, is_marketable, time.time())

    def _place(self, wish: Wish) -> None:
        answer = self._answer("POST", "orders/", wish.body, wish)
        known = answer.json().get("id") if answer.status_code == 201 else answer.json()["context"].get("order_id")
        wish.order_ids.add(known)

    def _answer(self, method: str, path: str, body: object = None, wish: Wish | None = None) -> Any:
        headers = {"Idempotency-Key": wish.key if wish else str(uuid4())}
        while True:
            outcome: int | str
            try:
                answer = self._http.request(method, path, json=body, headers=headers)
            except httpx2.TransportError as error:
                outcome = type(error).__name__
            else:
                outcome = answer.status_code
            if wish:
                wish.statuses.append(outcome)
            # 409: whoever worked on it may have been killed meanwhile, and nobody else may until that is certain
            if isinstance(outcome, int) and outcome < 500 and outcome != 409:
                if outcome not in {200, 201, 202, 422}:
                    self.surprises.append(f"{method} {path}: {outcome} {answer.text[:300]}")
                return answer
            time.sleep(REPEAT_S)
