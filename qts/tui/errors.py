"""What can go wrong between the terminal and the server, as a person needs to hear it."""

from typing import Any


class Trouble(Exception):
    """Something to show to the user; `sentence` is in his language."""

    @property
    def sentence(self) -> str:
        return str(self)


class ServerAway(Trouble):
    """No answer: refused, cut off or too slow. What was asked may have been done."""


class BadAnswer(Trouble):
    """An answer that is none: not JSON, not the shape, or a fault inside the server."""


class SessionEnded(Trouble):
    """Logged out, expired, or the second factor was taken away: log in again."""


class Refused(Trouble):
    """The server understood and said no."""

    def __init__(self, code: str, message: str, context: dict[str, Any], status: int) -> None:
        super().__init__(message)
        self.code = code
        self.context = context
        self.status = status
