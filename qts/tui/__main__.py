"""`python -m qts.tui --url http://127.0.0.1:8000`: QTS in a terminal."""

import argparse
import asyncio
import re
import sys
from urllib.parse import urlsplit

from qts.tui import language, preferences
from qts.tui.app import Terminal
from qts.tui.session import LOOPBACK, Session

URL_DEFAULT = "http://127.0.0.1:8000"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m qts.tui", description=__doc__)
    parser.add_argument("--url", default=URL_DEFAULT, help=f"where QTS is (default {URL_DEFAULT})")
    parser.add_argument("--lang", choices=language.LANGUAGES, help="Vietnamese or English (also: F2)")
    parser.add_argument("--symbols", default="", help="the watchlist of this run, comma separated")
    parser.add_argument("--market", default="", help="replay:<id>: a day played again, instead of the live one")
    return parser.parse_args()


def problem_of(url: str) -> str:
    """Why this address will not be talked to; empty when it will."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return f"{url} is no address of a server: give one such as {URL_DEFAULT}"
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        return f"{url}: the password would travel unprotected; use https://, or a tunnel to this machine"
    return ""


def market_of(asked: str) -> str:
    """How the server names it: "" is the live one. Raises ValueError for what names no market."""
    market = asked.strip().lower()
    if market in {"", "live"}:
        return ""
    if not re.fullmatch(r"replay:[0-9a-f]{16}", market):
        raise ValueError(f"{asked} is no market: give live, or replay: and the id that its page shows")
    return market


async def run(options: argparse.Namespace) -> None:
    kept = preferences.load()
    language.use(options.lang or kept.language or language.of_machine())
    symbols = [symbol.strip().upper() for symbol in options.symbols.split(",") if symbol.strip()]
    async with Session(options.url, market=market_of(options.market)) as session:
        await Terminal(session, kept, symbols=symbols).run_async()


def main() -> int:
    options = arguments()
    if problem := problem_of(options.url):
        sys.stderr.write(f"{problem}\n")
        return 2
    try:
        market_of(options.market)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    asyncio.run(run(options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
