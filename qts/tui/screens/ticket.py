"""The order ticket: fill in, let the gate say what it would do, confirm, send. Enter goes on, any edit goes back."""

from enum import Enum, auto
from uuid import uuid4

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Input, Static

from qts.tui import formats, order_form, wire, wording
from qts.tui.desk import Desk
from qts.tui.errors import BadAnswer, Refused, ServerAway, Trouble
from qts.tui.language import _
from qts.tui.order_form import Draft, Typo, Verdict
from qts.tui.screens.dialog import Choice, Dialog, hint, message, row
from qts.tui.session import Session

REFUSALS_SHOWN = 6
PRESETS = {"f5": "bid", "f6": "ask", "f7": "last"}


class Stage(Enum):
    FILLING = auto()
    CHECKED = auto()  # the gate would let it pass, perhaps after something is typed again
    SENDING = auto()
    UNSURE = auto()  # sent without an answer: the same again, never another


class Ticket(Dialog[wire.Order]):
    """Gives the order that was taken."""

    BINDINGS = [
        Binding("escape", "leave", show=False),
        *(Binding(key, f"preset('{name}')", show=False) for key, name in PRESETS.items()),
        Binding("up", "step(1)", show=False),
        Binding("down", "step(-1)", show=False),
    ]

    def __init__(self, session: Session, desk: Desk, *, symbol: str, side: str) -> None:
        super().__init__()
        self._session, self._desk = session, desk
        self._symbol, self._side = symbol, side
        self._stage = Stage.FILLING
        self._draft: Draft | None = None
        self._asked: list[wire.Breach] = []
        self._key = ""

    def title_text(self) -> str:
        account = self._desk.account
        return _("Order on account {number}").format(number=account.number if account else formats.NOTHING)

    def body(self) -> ComposeResult:
        sides = [(code, wording.side(code)) for code in ("BUY", "SELL")]
        yield row(_("Side"), Choice(sides, self._side, id="side"))
        yield row(_("Symbol"), Input(self._symbol, id="symbol", max_length=20))
        yield row(_("Type"), Choice([(code, code) for code in wording.ORDER_TYPES], "LO", id="type"))
        yield row(_("Quantity"), Input(str(self._lot(self._symbol)), id="quantity", max_length=12))
        yield row(_("Price"), Input(self._preset_price("ask" if self._side == "BUY" else "bid"), id="price"))
        yield row(_("Again: price"), Input(id="again-price", disabled=True))
        yield row(_("Again: quantity"), Input(id="again-quantity", disabled=True))
        yield Static("", id="market", classes="hint", markup=False)
        yield message()
        yield hint(_("Enter: check, then send · F5 bid · F6 ask · F7 last · ↑ ↓ lot · Esc"))

    def on_mount(self) -> None:
        self.query_one("#quantity", Input).focus()
        self._show_market()
        self.set_interval(1.0, self._show_market)

    # --- the market beside it ----------------------------------------------------------------------------------------
    def _typed_symbol(self) -> str:
        return self.query_one("#symbol", Input).value.strip().upper()

    def _lot(self, symbol: str) -> int:
        security = self._desk.securities.get(symbol)
        return security.lot_size if security else 100

    def _preset_price(self, name: str) -> str:
        symbol = self._typed_symbol() if self.is_mounted else self._symbol
        quote = self._desk.quotes.get(symbol)
        if quote is None:
            return ""
        levels = {"bid": quote.bids, "ask": quote.asks}.get(name, [])
        price_vnd = (levels[0][0] if levels else 0) or quote.last or quote.ref
        text = formats.price(price_vnd, self._desk.kind(symbol))
        return "" if text == formats.NOTHING else text.replace(",", "")

    def _show_market(self) -> None:
        symbol = self._typed_symbol()
        quote, kind = self._desk.quotes.get(symbol), self._desk.kind(symbol)
        if quote is None:
            self.query_one("#market", Static).update(_("Not on the watchlist: no prices here."))
            return
        prices = {
            _("floor"): quote.floor,
            _("bid"): quote.bids[0][0] if quote.bids else 0,
            _("last"): quote.last,
            _("ask"): quote.asks[0][0] if quote.asks else 0,
            _("ceiling"): quote.ceil,
        }
        shown = "  ".join(f"{name} {formats.price(price_vnd, kind)}" for name, price_vnd in prices.items())
        self.query_one("#market", Static).update(shown)

    # --- filling in --------------------------------------------------------------------------------------------------
    @on(Input.Changed)
    @on(Choice.Changed)
    def _edited(self, event: Input.Changed | Choice.Changed) -> None:
        is_confirming = isinstance(event, Input.Changed) and (event.input.id or "").startswith("again")
        if is_confirming or self._stage is Stage.SENDING:
            return
        self.query_one("#price", Input).disabled = self.query_one("#type", Choice).value != "LO"
        if self._stage is not Stage.FILLING:
            self._back_to_filling()
            self.say("")

    def _back_to_filling(self) -> None:
        self._stage, self._draft, self._asked = Stage.FILLING, None, []
        for name in ("price", "quantity"):
            again = self.query_one(f"#again-{name}", Input)
            again.value, again.disabled = "", True

    def action_preset(self, name: str) -> None:
        price = self.query_one("#price", Input)
        if not price.disabled:
            price.value = self._preset_price(name)

    def action_step(self, direction: int) -> None:
        """A lot more or less."""
        quantity = self.query_one("#quantity", Input)
        typed = int(quantity.value) if quantity.value.isascii() and quantity.value.isdigit() else 0
        quantity.value = str(max(typed + direction * self._lot(self._typed_symbol()), 0))

    def _read(self) -> Draft:
        """Raises Typo."""
        symbol, order_type = self._typed_symbol(), self.query_one("#type", Choice).value
        if not symbol:
            raise Typo(_("Which symbol?"))
        has_price = order_type == "LO"
        return Draft(
            account_id=self._desk.account_id,
            symbol=symbol,
            side=self.query_one("#side", Choice).value,
            order_type=order_type,
            quantity=order_form.read_quantity(self.query_one("#quantity", Input).value),
            price_vnd=self._read_price("#price", symbol) if has_price else None,
        )

    def _read_price(self, field: str, symbol: str) -> int:
        return order_form.read_price(self.query_one(field, Input).value, self._desk.kind(symbol))

    # --- going on ----------------------------------------------------------------------------------------------------
    @on(Input.Submitted)
    @on(Choice.Submitted)
    def _go_on(self) -> None:
        if self._stage is Stage.FILLING:
            self.run_worker(self._check(), exclusive=True)
        elif self._stage in {Stage.CHECKED, Stage.UNSURE}:
            self.run_worker(self._send(), exclusive=True)

    async def _check(self) -> None:
        try:
            draft = self._read()
            told = await self._session.post("risk/check/", draft.body(), wire.Check)
        except Trouble as trouble:
            self.say(trouble.sentence, "bad")
            return
        kind = self._desk.kind(draft.symbol)
        found = order_form.verdict(told.breaches)
        if found is Verdict.REFUSED:
            self.say(_("The gate would refuse this order:") + _listed(told.breaches, kind), "bad")
            return
        self._stage, self._draft, self._asked, self._key = Stage.CHECKED, draft, told.breaches, uuid4().hex
        self._ask_again(order_form.typed_again(told.breaches))
        value = f" = {formats.money(draft.value_vnd)} ₫" if draft.value_vnd else ""
        if found is Verdict.PASSES:
            sentence = _("The gate would let it pass. Enter sends: {order}").format(order=draft.in_words(kind) + value)
            self.say(sentence, "good")
        else:
            text = _("Unusual. To send it all the same, type again what is asked above, then Enter:")
            self.say(text + _listed(told.breaches, kind), "warn")

    def _ask_again(self, names: tuple[str, ...]) -> None:
        for name in ("price", "quantity"):
            again = self.query_one(f"#again-{name}", Input)
            again.value, again.disabled = "", name not in names
        if names:
            self.query_one(f"#again-{names[0]}", Input).focus()

    def _confirmations(self, draft: Draft) -> dict[str, int]:
        """Raises Typo where what was typed again is no number; another number is the gate's to refuse."""
        names = order_form.typed_again(self._asked)
        price_vnd = self._read_price("#again-price", draft.symbol) if "price" in names else 0
        again = self.query_one("#again-quantity", Input).value
        quantity = order_form.read_quantity(again) if "quantity" in names else 0
        return order_form.confirmations(self._asked, price_vnd=price_vnd, quantity=quantity)

    async def _send(self) -> None:
        draft = self._draft
        if draft is None:
            return
        try:
            body = draft.body(self._confirmations(draft))
            self._stage = Stage.SENDING
            self.say(_("Sending …"))
            order = await self._session.post("orders/", body, wire.Order, idempotency_key=self._key)
        except (ServerAway, BadAnswer) as trouble:
            self._stage = Stage.UNSURE
            advice = _("It may have arrived. Enter sends the same order again: the server takes it once.")
            self.say(f"{trouble.sentence} {advice}", "bad")
        except Refused as refusal:
            self._back_to_filling()
            self.query_one("#quantity", Input).focus()
            self.say(_refused_in_words(refusal, self._desk.kind(draft.symbol)), "bad")
        except Trouble as trouble:
            self._stage = Stage.CHECKED
            self.say(trouble.sentence, "bad")
        else:
            self.dismiss(order)


def _refused_in_words(refusal: Refused, kind: str) -> str:
    try:
        breaches = order_form.breaches_of(refusal.context)
    except msgspec.ValidationError:
        breaches = []
    return _("Refused:") + _listed(breaches, kind) if breaches else wording.reason(refusal.code)


def _listed(breaches: list[wire.Breach], kind: str) -> str:
    lines = [f"\n  • {wording.refusal(breach, kind)}" for breach in breaches[:REFUSALS_SHOWN]]
    more = len(breaches) - len(lines)
    return "".join(lines) + (f"\n  {_('and {n} more').format(n=more)}" if more > 0 else "")
