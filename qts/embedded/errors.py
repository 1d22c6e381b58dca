"""What stops an embedded server or the demo from starting; the message is a sentence for the person at the terminal."""


class EmbeddedError(Exception):
    """Cannot start or stop here, for a reason that the message names together with a way out."""
