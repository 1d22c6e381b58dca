"""The log-in, over whatever the screen shows: password first, then the code of the second factor."""

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Input, Static

from qts.tui import language
from qts.tui.errors import Trouble
from qts.tui.language import _
from qts.tui.screens.dialog import Dialog, hint, message, row
from qts.tui.session import Session, Step

CODE_LENGTH_MAX = 20  # a recovery code is longer than the six digits


class LogIn(Dialog[str]):
    """Gives the name of the user who is in; cannot be left otherwise than by quitting."""

    BINDINGS = [
        Binding("escape", "leave", show=False),
        Binding("ctrl+q", "app.leave", show=False),
        Binding("f2", "switch_language", show=False),
    ]

    def __init__(self, session: Session, reason: str = "", username: str = "") -> None:
        super().__init__()
        self._session = session
        self._reason = reason
        self._username = username

    def title_text(self) -> str:
        return _("Log in to QTS")

    def body(self) -> ComposeResult:
        yield Static(Text(self._session.url), classes="hint")
        yield row(_("User"), Input(self._username, id="user"))
        yield row(_("Password"), Input(password=True, id="password"))
        yield row(_("Code"), Input(id="code", max_length=CODE_LENGTH_MAX, disabled=True))
        yield message()
        yield hint(_("Enter: go on · Esc: begin again · F2: Tiếng Việt · Ctrl+Q: quit"))

    def on_mount(self) -> None:
        self.say(self._reason, "warn")
        self.query_one("#password" if self._username else "#user", Input).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        field = event.input.id
        if field == "user":
            self.query_one("#password", Input).focus()
        elif field == "password":
            self.run_worker(self._give_password(), exclusive=True)
        else:
            self.run_worker(self._give_code(), exclusive=True)

    async def _give_password(self) -> None:
        user, password = self.query_one("#user", Input), self.query_one("#password", Input)
        typed, password.value = password.value, ""
        self.say(_("Asking the server …"))
        try:
            step = await self._session.give_password(user.value.strip(), typed)
        except Trouble as trouble:
            self.say(trouble.sentence, "bad")
            return
        if step is Step.ENROLMENT:
            self.say(_("This user has no second factor yet: log in once with a browser and set it up."), "bad")
            return
        self._ask_for_code(True)
        self.say(_("The password is right. Now the code of your authenticator app."))

    async def _give_code(self) -> None:
        code = self.query_one("#code", Input)
        typed, code.value = code.value.strip(), ""
        try:
            await self._session.give_code(typed)
        except Trouble as trouble:
            self.say(trouble.sentence, "bad")
            if self._is_to_begin_again(trouble):
                self._ask_for_code(False)
            return
        self.dismiss(self.query_one("#user", Input).value.strip())

    @staticmethod
    def _is_to_begin_again(trouble: Trouble) -> bool:
        return getattr(trouble, "code", "") == "LOG_IN_EXPIRED"

    def _ask_for_code(self, is_asked: bool) -> None:
        for name in ("user", "password"):
            self.query_one(f"#{name}", Input).disabled = is_asked
        code = self.query_one("#code", Input)
        code.disabled = not is_asked
        (code if is_asked else self.query_one("#password", Input)).focus()

    def action_leave(self) -> None:
        """Begin again with the name."""
        self._ask_for_code(False)
        self.query_one("#user", Input).focus()
        self.say(self._reason, "warn")

    async def action_switch_language(self) -> None:
        language.use(language.other())
        self._username = self.query_one("#user", Input).value
        await self.recompose()
        self.on_mount()
