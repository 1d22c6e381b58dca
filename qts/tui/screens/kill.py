"""The kill switch: stop at once by a typed word, or ask a second officer for a release."""

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Input, Static

from qts.tui import wording
from qts.tui.desk import Desk
from qts.tui.errors import Trouble
from qts.tui.language import _
from qts.tui.screens.dialog import Choice, Dialog, hint, message, row
from qts.tui.session import Session

STOP, RELEASE = "STOP", "RELEASE"  # the same in every language: typed in a hurry, without diacritics
REASON_LENGTH_MIN = 5
FREE_SCOPES = ("symbol", "exchange", "user")  # named by what is typed; the others by what there is
FLATTENED = ("firm", "account", "symbol")


class Kill(Dialog[str]):
    """Gives a sentence about what was done."""

    BINDINGS = [Binding("enter", "go_on", show=False, priority=True)]

    def __init__(self, session: Session, desk: Desk, *, symbol: str) -> None:
        super().__init__()
        self._session, self._desk, self._symbol = session, desk, symbol

    def title_text(self) -> str:
        return _("Kill switch")

    def body(self) -> ComposeResult:
        acts = [(STOP, _("stop now")), (RELEASE, _("ask for a release"))]
        yield row(_("What"), Choice(acts, STOP, id="act"))
        yield row(_("Of"), Choice(self._scopes(), "firm", id="scope"))
        yield row(_("Which"), Input(self._symbol, id="which", max_length=64))
        yield row(_("Sales"), Choice(self._sales(), "none", id="sales"))
        yield row(_("Reason"), Input(id="reason", max_length=500))
        yield row(_("Type the word"), Input(id="word", max_length=10))
        yield Static("", id="effect", classes="hint", markup=False)
        yield message()
        yield hint(_("← →: choose · Tab: next · Enter in the last line: do it · Esc: back"))

    def on_mount(self) -> None:
        self._explain()

    def _scopes(self) -> list[tuple[str, str]]:
        strategies = self._desk.signals.strategies if self._desk.signals else []
        known = ["firm", *(f"account:{account.id}" for account in self._desk.accounts)]
        known += [f"strategy:{strategy.id}" for strategy in strategies]
        named = [(code, wording.scope(code, self._desk.accounts, strategies)) for code in known]
        return named + [(kind, wording.scope(kind, [], [])) for kind in FREE_SCOPES]

    @staticmethod
    def _sales() -> list[tuple[str, str]]:
        return [
            ("none", _("nothing passes")),
            ("reducing", _("sales that reduce pass")),
            ("flatten", _("sell everything that can be sold")),
        ]

    def _scope(self) -> str:
        chosen = self.query_one("#scope", Choice).value
        if chosen not in FREE_SCOPES:
            return chosen
        typed = self.query_one("#which", Input).value.strip()
        return f"{chosen}:{typed if chosen == 'user' else typed.upper()}"

    @on(Choice.Changed)
    def _explain(self) -> None:
        act = self.query_one("#act", Choice).value
        effects = {
            STOP: _("Type STOP: no order leaves any more, what works is cancelled. Two officers release it."),
            RELEASE: _("Type RELEASE: a second risk officer has to approve it before orders leave again."),
        }
        self.query_one("#effect", Static).update(effects[act])

    def action_go_on(self) -> None:
        word = self.query_one("#word", Input)
        if self.focused is word:
            word.call_later(self._go_on)  # when all its keys have arrived
        else:
            self.focus_next()

    def _go_on(self) -> None:
        if problem := self._problem():
            self.say(problem, "bad")
        else:
            self.run_worker(self._act(), exclusive=True)

    def _problem(self) -> str:
        """What is missing before anything is sent."""
        act, scope = self.query_one("#act", Choice).value, self._scope()
        if scope.endswith(":"):
            return _("Which one? Name it.")
        if len(self.query_one("#reason", Input).value.strip()) < REASON_LENGTH_MIN:
            return _("A reason of five characters at least: it is kept for good.")
        if self._is_flattening() and scope.partition(":")[0] not in FLATTENED:
            return _("Everything can be sold for the firm, an account or a symbol only.")
        if self.query_one("#word", Input).value != act:
            return _("Type {word} in capitals to confirm.").format(word=act)
        return ""

    def _is_flattening(self) -> bool:
        is_stop = self.query_one("#act", Choice).value == STOP
        return is_stop and self.query_one("#sales", Choice).value == "flatten"

    async def _act(self) -> None:
        is_stop = self.query_one("#act", Choice).value == STOP
        scope = self._scope()
        body = {"scope": scope, "engaged": is_stop, "reason": self.query_one("#reason", Input).value.strip()}
        if is_stop:
            body["flatten"] = self._is_flattening()
            body["allows_reducing"] = self.query_one("#sales", Choice).value != "none"
        self.say(_("Asking the server …"))
        try:
            await self._session.post("kill-switches/", body, msgspec.Raw)
        except Trouble as trouble:
            self.query_one("#word", Input).value = ""
            self.say(trouble.sentence, "bad")
            return
        strategies = self._desk.signals.strategies if self._desk.signals else []
        name = wording.scope(scope, self._desk.accounts, strategies)
        stopped, asked = _("Stopped: {scope}"), _("Release asked for: {scope}; a second officer has to approve it.")
        self.dismiss((stopped if is_stop else asked).format(scope=name))
