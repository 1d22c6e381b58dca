"""The least that matching of limit orders can cost in Python: a dictionary of queues, a heap of prices, late cancels.

No order objects, no fills, no rules: only how much traded and at what. What is left of an order is found by its number.
"""

import heapq
from collections import deque


class BareBook:
    """An order is [number, open quantity]. Bid prices are negative in the heap, whose least is the best."""

    def __init__(self) -> None:
        self.volume = 0
        self.notional_vnd = 0
        self._queues: tuple[dict[int, deque[list[int]]], dict[int, deque[list[int]]]] = ({}, {})
        self._heaps: tuple[list[int], list[int]] = ([], [])
        self._open: dict[int, list[int]] = {}

    def submit(self, number: int, is_buy: bool, price_vnd: int, quantity: int) -> None:
        queues, heap, sign = self._queues[is_buy], self._heaps[is_buy], 1 if is_buy else -1
        while quantity and heap and sign * price_vnd >= heap[0]:
            best_vnd = sign * heap[0]
            queue = queues[best_vnd]
            while queue and quantity:
                resting = queue[0]
                traded = resting[1] if resting[1] < quantity else quantity
                resting[1] -= traded
                quantity -= traded
                self.volume += traded
                self.notional_vnd += traded * best_vnd
                if not resting[1]:
                    queue.popleft()
                    self._open.pop(resting[0], None)
            if not queue:
                heapq.heappop(heap)
                del queues[best_vnd]
        if quantity:
            order = self._open[number] = [number, quantity]
            own = self._queues[not is_buy]
            if price_vnd in own:
                own[price_vnd].append(order)
            else:
                own[price_vnd] = deque((order,))
                heapq.heappush(self._heaps[not is_buy], -sign * price_vnd)

    def cancel(self, number: int) -> None:
        order = self._open.pop(number, None)
        if order is not None:
            order[1] = 0

    def totals(self) -> tuple[int, int]:
        return self.volume, self.notional_vnd
