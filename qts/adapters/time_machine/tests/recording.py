"""A recorded day of the test's own making, and a stage that remembers what was shown on it."""

import json
import random
from datetime import datetime

from qts.adapters.ssi.batch import Batch, subscribed_record
from qts.adapters.time_machine.tape import DayBounds, LogTape, Place
from qts.adapters.wal import WalReader, WalWriter

DAY = "2026-11-20"
SYMBOLS = ("SSI", "VNM", "FPT")
RECEIVED_NS = 1_795_400_000_000_000_000


def ms(text, day=DAY):
    return int(datetime.fromisoformat(f"{day}T{text}+07:00").timestamp() * 1000)


BOUNDS = DayBounds(ms("00:00:00"), ms("23:59:59") + 999)


def frame(*records):
    calls = [
        {"H": "FcMarketDataV2Hub", "M": "Broadcast", "A": [json.dumps({"DataType": kind, "Content": json.dumps(told)})]}
        for kind, told in records
    ]
    return json.dumps({"C": "d-1", "M": calls}).encode()


def stamp(second, day="20/11/2026"):
    return {"TradingDate": day, "Time": f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"}


def match(symbol, price, volume, second, day="20/11/2026"):
    prices = dict.fromkeys(("Open", "High", "Low", "Close"), float(price))
    return "B", {"RType": "B", "Symbol": symbol, "Volume": float(volume), "Value": 0.0, **prices, **stamp(second, day)}


def status(symbol, session, second, day="20/11/2026"):
    told = {"RType": "F", "MarketId": "HOSE", "Symbol": symbol, "TradingSession": session, "TradingStatus": "N"}
    return "F", {**told, "Exchange": "HOSE", **stamp(second, day)}


def index(value, second):
    counts = {"Advances": 3, "NoChanges": 2, "Declines": 1, "Ceilings": 0, "Floors": 0}
    told = {"IndexId": "VNINDEX", "IndexValue": value, "PriorIndexValue": 1_200.0, "TotalQtty": 1.0, "TotalValue": 2.0}
    return "MI", {"RType": "MI", **told, **counts, "TradingSession": "LO", **stamp(second)}


def book(symbol, price, second):
    levels = {
        f"{side}{what}{level}": (float(price + step * level * 50) if what == "Price" else 100.0 * level)
        for side, step in (("Bid", -1), ("Ask", 1))
        for what in ("Price", "Vol")
        for level in range(1, 11)
    }
    return "X-QUOTE", {"RType": "X-QUOTE", "Exchange": "HOSE", "Symbol": symbol, "TradingSession": "LO", **levels,
                       **stamp(second)}  # fmt: skip


def a_day(seed=7, seconds=1_500, first_second=9 * 3600 + 900):
    """Some messages a second, quiet minutes among them: [(received_ns, frame)]."""
    chance, price, frames = random.Random(seed), dict.fromkeys(SYMBOLS, 25_000), []
    for second in range(first_second, first_second + seconds):
        if second // 60 % 7 == 3:
            continue
        for number in range(chance.choice((0, 0, 1, 2, 4))):
            symbol = chance.choice(SYMBOLS)
            price[symbol] += 50 * chance.randrange(-2, 3)
            told = chance.choice(
                [
                    match(symbol, price[symbol], 100 * chance.randrange(1, 9), second),
                    book(symbol, price[symbol], second),
                ]
                * 4
                + [index(1_200.0 + chance.randrange(90) / 100, second), status(symbol, "LO", second)]
            )
            frames.append((RECEIVED_NS + (second - first_second) * 10**9 + number * 200_000_000, frame(told)))
    return frames


def recorded(folder, frames, *, subscribed_ms=0, segment_bytes_max=64 * 1024):
    """The folder, with a log in it that has several segments."""
    with WalWriter(folder, segment_bytes_max=segment_bytes_max, flush_to_disk=False) as wal:
        wal.append([(0, subscribed_record(subscribed_ms))])
        for one in frames:
            wal.append([one])
    return folder


def tape_of(folder, *, start="", pace=1.0, bounds=BOUNDS):
    return LogTape(folder, bounds, {}, start=start, pace=pace)


def as_the_intake_reads(folder):
    """Every event that the live intake makes of the log."""
    batch = Batch(0)
    for record in WalReader(folder).replay():
        batch.take(record.payload, record.received_ns, record.position, {})
    return batch.events


class Steps:
    """A tape that was read before."""

    def __init__(self, steps):
        self._steps = steps
        self.place = Place("0")

    def next(self):
        number = int(self.place.position)
        self.place = Place(str(number + 1))
        return self._steps[number] if number < len(self._steps) else None

    def go_to(self, place):
        self.place = place


class Hand:
    """A steady clock that the test moves; each look may cost some time."""

    def __init__(self, a_look_ns=0):
        self.now_ns = 0
        self.a_look_ns = a_look_ns

    def __call__(self):
        self.now_ns += self.a_look_ns
        return self.now_ns

    def move(self, seconds):
        self.now_ns += round(seconds * 10**9)


class Memory:
    """A stage that keeps everything."""

    def __init__(self):
        self.published = []
        self.shown = []
        self.forgotten = []

    def publish(self, run, events, forming):
        self.published += [(run, event) for event in events]

    def show(self, run, picture):
        self.shown.append((run, picture.copy()))

    def forget(self, run):
        self.forgotten.append(run)

    @property
    def events(self):
        return [event for _, event in self.published]


def seen(picture):
    """All that a picture shows, to compare two of them."""
    return (
        picture.latest,
        {symbol: list(matches) for symbol, matches in picture.matches.items()},
        sorted(picture.forming(), key=lambda bar: bar.symbol),
    )
