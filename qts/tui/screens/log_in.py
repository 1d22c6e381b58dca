"""The log-in, over whatever the screen shows: password first, then the code of the second factor."""

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Input, Static
from textual.worker import Worker

from qts.tui import language
from qts.tui.errors import Trouble
from qts.tui.language import _
from qts.tui.screens.dialog import Dialog, hint, message, row
from qts.tui.session import Session, Step

CODE_LENGTH_MAX = 20  # a recovery code is longer than the six digits


class LogIn(Dialog[str]):
    """Gives the name of the user who is in; cannot be left otherwise than by quitting."""

    BINDINGS = [
        Binding("enter", "go_on", show=False, priority=True),
        Binding("escape", "leave", show=False),
        Binding("ctrl+q", "app.leave", show=False),
        Binding("f2", "switch_language", show=False),
    ]

    def __init__(self, session: Session, reason: str = "", username: str = "") -> None:
        super().__init__()
        self._session = session
        self._reason = reason
        self._username = username
        self._password_asked: Worker[None] | None = None
        self._is_code_due = False

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

    # Keys may be typed ahead of the server and of the screen, and a password must not land in the open then. So Enter
    # is taken before any key after it, and moves the focus at once; a field is read when all its keys have arrived.
    def action_go_on(self) -> None:
        field = self.focused.id if self.focused else ""
        if field == "user":
            self.set_focus(self.query_one("#password"))
        elif field == "password":
            password, code = self.query_one("#password", Input), self.query_one("#code", Input)
            code.disabled = False
            self.set_focus(code)
            password.call_later(self._submit_password)
        elif field == "code":
            self.query_one("#code", Input).call_later(self._submit_code)

    def _submit_password(self) -> None:
        password = self.query_one("#password", Input)
        typed, password.value = password.value, ""
        self._ask_for_code(True)
        self.say(_("Asking the server …"))
        self._password_asked = self.run_worker(self._give_password(typed))

    async def _give_password(self, password: str) -> None:
        try:
            step = await self._session.give_password(self.query_one("#user", Input).value.strip(), password)
        except Trouble as trouble:
            self._refuse(trouble.sentence)
            return
        if step is Step.ENROLMENT:
            self._refuse(_("This user has no second factor yet: log in once with a browser and set it up."))
            return
        self._is_code_due = True
        self.say(_("The password is right. Now the code of your authenticator app."))

    def _refuse(self, sentence: str) -> None:
        self._ask_for_code(False)
        self.say(sentence, "bad")

    def _submit_code(self) -> None:
        code = self.query_one("#code", Input)
        typed, code.value = code.value.strip(), ""
        self.run_worker(self._give_code(typed), group="code", exclusive=True)

    async def _give_code(self, code: str) -> None:
        if self._password_asked is not None:
            await self._password_asked.wait()
        if not self._is_code_due:
            return
        try:
            await self._session.give_code(code)
        except Trouble as trouble:
            if self._is_to_begin_again(trouble):
                self._ask_for_code(False)
            self.say(trouble.sentence, "bad")
            return
        self.dismiss(self.query_one("#user", Input).value.strip())

    @staticmethod
    def _is_to_begin_again(trouble: Trouble) -> bool:
        return getattr(trouble, "code", "") == "LOG_IN_EXPIRED"

    def _ask_for_code(self, is_asked: bool) -> None:
        self._is_code_due = False
        for name in ("user", "password"):
            self.query_one(f"#{name}", Input).disabled = is_asked
        code = self.query_one("#code", Input)
        code.disabled = not is_asked
        if not is_asked:
            code.value = ""
        self.set_focus(code if is_asked else self.query_one("#password"))

    def action_leave(self) -> None:
        """Begin again with the name."""
        self._ask_for_code(False)
        self.set_focus(self.query_one("#user"))
        self.say(self._reason, "warn")

    async def action_switch_language(self) -> None:
        language.use(language.other())
        self._username = self.query_one("#user", Input).value
        await self.recompose()
        self.on_mount()
