"""`python -m qts.tui --url http://127.0.0.1:8000`: QTS in a terminal."""

import argparse
import asyncio
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
    return parser.parse_args()


def problem_of(url: str) -> str:
    """Why this address will not be talked to; empty when it will."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return f"{url} is no address of a server: give one such as {URL_DEFAULT}"
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        return f"{url}: the password would travel unprotected; use https://, or a tunnel to this machine"
    return ""


async def run(options: argparse.Namespace) -> None:
    kept = preferences.load()
    language.use(options.lang or kept.language or language.of_machine())
    symbols = [symbol.strip().upper() for symbol in options.symbols.split(",") if symbol.strip()]
    async with Session(options.url) as session:
        await Terminal(session, kept, symbols=symbols).run_async()


def main() -> int:
    options = arguments()
    if problem := problem_of(options.url):
        sys.stderr.write(f"{problem}\n")
        return 2
    asyncio.run(run(options))
    return 0


if __name__ == "__main__":
    sys.exit(main())
