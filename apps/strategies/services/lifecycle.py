"""Creating, starting and stopping a strategy. Stopping leaves its working orders alone: cancelling is its own act."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction

from apps.eventlog import services as eventlog
from apps.marketdata import selectors as marketdata
from apps.risk import selectors as risk
from apps.strategies.locks import lock_strategy
from apps.strategies.models import Mode, Strategy, StrategyStatus
from apps.strategies.selectors.code import CodeView, code_of, is_file
from apps.strategies.selectors.promotions import mode_problems
from apps.strategies.services.refusals import StrategyRefused
from qts.adapters.sandbox.host import StrategyHost, StrategyHostError
from qts.domain.errors import Said
from qts.domain.events import StrategyChanged
from qts.domain.strategy import ParameterError, check_parameters, strategy_class
from qts.domain.strategy.deciding import PolicyWrong, parse_policy
from qts.domain.values import Actor, ActorKind
from qts.quant.indicators import problems_of

_SYSTEM = Actor(ActorKind.SYSTEM, "signals")
RUNAWAY_REASON = "it ran away; its kill switch is engaged"
_DEMO = (
    ("MA cross", "moving_average_cross", {"fast": 5, "slow": 20, "quantity": 500}, 0, 15),
    ("RSI reversion", "rsi_mean_reversion", {"period": 14, "quantity": 300}, 15, 30),
)


def create_strategy(
    *,
    name: str,
    class_key: str,
    parameters: Mapping[str, object],
    account_id: UUID,
    symbols: Sequence[str],
    decision_policy: Mapping[str, Any] | None = None,
) -> UUID:
    """Raises StrategyRefused for an unknown class, wrong parameters or policy, unknown symbols or a taken name."""
    problems: list[str] = [] if name.strip() else [Said("It needs a name.")]
    problems += _problems(class_key, "", parameters, symbols) or _problems_in_child(class_key, parameters)
    problems += _policy_problems(decision_policy or {})
    if Strategy.objects.filter(name=name).exists():
        problems.append(Said("There is already a strategy named {name!r}.", name=name))
    if problems:
        raise StrategyRefused(problems)
    created = Strategy.objects.create(
        id=uuid4(),
        name=name,
        class_key=class_key,
        code_hash=code_of(class_key).content_hash,
        parameters=dict(parameters),
        account_id=account_id,
        symbols=sorted(set(symbols)),
        decision_policy=dict(decision_policy or {}),
    )
    return created.id


def start_strategy(strategy_id: UUID, *, actor: Actor, now: datetime) -> None:
    """The signals worker picks it up within a second. Starting a running one changes nothing."""
    with transaction.atomic():
        strategy = lock_strategy(strategy_id)
        if strategy.status == StrategyStatus.RUNNING:
            return
        if strategy.mode == Mode.PAPER and not is_file(strategy.class_key):
            _adopt_installed(strategy)
        problems = _problems(strategy.class_key, strategy.code_hash, strategy.parameters, strategy.symbols)
        problems += mode_problems(strategy)
        problems += _stops(strategy)
        if stop := _market_stop(strategy.symbols):
            problems.append(Said("The market is stopped: {stop}.", stop=stop))
        if problems:
            raise StrategyRefused(problems)
        strategy.run += 1
        _change(strategy, StrategyStatus.RUNNING, "", actor, now)


def change_policy(strategy_id: UUID, policy: Mapping[str, Any], *, actor: Actor, now: datetime) -> None:
    """From its next start on. Raises StrategyRefused for a wrong policy, and for a strategy that runs."""
    if problems := _policy_problems(policy):
        raise StrategyRefused(problems)
    with transaction.atomic():
        strategy = lock_strategy(strategy_id)
        if strategy.status == StrategyStatus.RUNNING:
            raise StrategyRefused([Said("Stop it first: a policy changes between two runs.")])
        if strategy.decision_policy == dict(policy):
            return
        strategy.decision_policy = dict(policy)
        strategy.save(update_fields=["decision_policy"])
        said = "its decision policy was changed"
        changed = StrategyChanged(strategy_id=str(strategy.id), status=strategy.status, reason=said)
        eventlog.record(changed, actor=actor, now=now)


def change_parameters(strategy_id: UUID, parameters: Mapping[str, object], *, actor: Actor, now: datetime) -> None:
    """From its next start on. Raises StrategyRefused for wrong ones, and for a strategy that runs. Beyond paper other
    parameters have to be promoted again before it starts."""
    asked = Strategy.objects.get(id=strategy_id)
    problems = _problems_in_child(asked.class_key, parameters)
    with transaction.atomic():
        strategy = lock_strategy(strategy_id)
        if strategy.status == StrategyStatus.RUNNING:
            raise StrategyRefused([Said("Stop it first: parameters change between two runs.")])
        problems = _problems(strategy.class_key, strategy.code_hash, parameters, strategy.symbols) or problems
        if problems:
            raise StrategyRefused(problems)
        if strategy.parameters == dict(parameters):
            return
        strategy.parameters = dict(parameters)
        strategy.save(update_fields=["parameters"])
        said = "its parameters were changed"
        changed = StrategyChanged(strategy_id=str(strategy.id), status=strategy.status, reason=said)
        eventlog.record(changed, actor=actor, now=now)


def stop_strategy(strategy_id: UUID, *, actor: Actor, now: datetime, reason: str = "") -> None:
    """It decides nothing more from now on. Stopping a stopped one changes nothing."""
    with transaction.atomic():
        strategy = lock_strategy(strategy_id)
        if strategy.status != StrategyStatus.STOPPED:
            _change(strategy, StrategyStatus.STOPPED, reason, actor, now)


def fail_strategy(strategy_id: UUID, *, reason: str, now: datetime) -> None:
    """Its code broke: it stays off until somebody has read why and starts it again."""
    with transaction.atomic():
        strategy = lock_strategy(strategy_id)
        if strategy.status == StrategyStatus.RUNNING:
            _change(strategy, StrategyStatus.FAILED, reason, _SYSTEM, now)


def stop_runaway(strategy: Strategy, now: datetime) -> None:
    """Its kill switch was engaged: the locked strategy is off from this transaction on, not from the next refresh."""
    if strategy.status == StrategyStatus.RUNNING:
        _change(strategy, StrategyStatus.FAILED, RUNAWAY_REASON, _SYSTEM, now)


def seed_demo_strategies(account_id: UUID) -> None:
    """Two sample strategies on one demo account, one half of the listed symbols each; stopped. Safe to repeat."""
    symbols = sorted(security.symbol for security in marketdata.securities())
    for name, class_key, parameters, first, last in _DEMO:
        if not Strategy.objects.filter(name=name).exists():
            create_strategy(
                name=name,
                class_key=class_key,
                parameters=parameters,
                account_id=account_id,
                symbols=symbols[first:last],
            )


def _stops(strategy: Strategy) -> list[str]:
    """A kill switch takes two officers to release; what a dead-man timer holds goes on by itself."""
    held = {f"{hold.scope} ({hold.cause})": hold.reason for hold in risk.holds()}
    told = (
        Said("Trading is held back: {held}. It goes on by itself when that is over.", held=held[stop.scope])
        if stop.scope in held
        else Said("The kill switch is engaged; a risk officer has to release it first.")
        for stop in risk.kill_states(strategy.account_id, str(strategy.id))
    )
    return list(dict.fromkeys(told))  # several switches are one sentence


def _market_stop(symbols: Sequence[str]) -> str:
    wanted = set(symbols)
    return risk.market_stop({f"exchange:{one.exchange}" for one in marketdata.securities() if one.symbol in wanted})


def _problems(class_key: str, code_hash: str, parameters: Mapping[str, object], symbols: Sequence[str]) -> list[str]:
    try:
        code = code_of(class_key, code_hash)
    except KeyError:
        return [Said("There is no strategy class {class_key!r}.", class_key=class_key)]
    problems: list[str] = []
    try:
        problems += _indicator_problems(code, check_parameters(code.parameters, parameters))
    except ParameterError as error:
        problems += error.problems
    listed = {security.symbol for security in marketdata.securities()}
    problems += [Said("Unknown symbol {symbol}.", symbol=symbol) for symbol in symbols if symbol not in listed]
    if not symbols:
        problems.append(Said("It needs at least one symbol."))
    return problems


def _policy_problems(given: Mapping[str, Any]) -> list[str]:
    try:
        parse_policy(given)
    except PolicyWrong as error:
        return [Said("Decision policy, {place}: {what}.", place=place, what=what) for place, what in error.problems]
    return []


def _indicator_problems(code: CodeView, parameters: Mapping[str, int]) -> list[str]:
    """Of code that comes with QTS; a person's own is asked in its child, outside of any transaction."""
    if code.source is not None:
        return []
    cls = strategy_class(code.class_key)
    return [f"{problem}." for problem in problems_of(cls(cls.parameters_class(**parameters)).indicator_names())]


def _problems_in_child(class_key: str, parameters: Mapping[str, object]) -> list[str]:
    code = code_of(class_key)
    if code.source is None:
        return []
    try:
        with StrategyHost("", check_parameters(code.parameters, parameters), source=code.source) as host:
            return problems_of(host.indicator_names)
    except StrategyHostError as error:
        return [Said("{file_name}: {error}", file_name=code.source.file_name, error=error)]


def _adopt_installed(strategy: Strategy) -> None:
    """On paper, what comes with QTS runs as it is installed now."""
    try:
        strategy.code_hash = code_of(strategy.class_key).content_hash
    except KeyError:
        strategy.code_hash = ""  # said by the problems of the start


def _change(strategy: Strategy, status: StrategyStatus, reason: str, actor: Actor, now: datetime) -> None:
    strategy.status = status
    strategy.status_reason = reason
    strategy.status_changed_by = str(actor)
    strategy.status_changed_at = now
    strategy.save()
    changed = StrategyChanged(strategy_id=str(strategy.id), status=status.value, reason=reason)
    eventlog.record(changed, actor=actor, now=now)
