"""Taking in a person's own file, and letting a strategy go on with another version of it.

The file is read here and run in a confined child alone: what is known of it, the child has told.
"""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction

from apps.eventlog import services as eventlog
from apps.strategies.locks import lock_strategy
from apps.strategies.models import StrategyVersion
from apps.strategies.selectors.code import FILE_KEY, CodeView, code_of, is_file
from apps.strategies.selectors.promotions import is_approved
from apps.strategies.services.refusals import StrategyRefused
from qts.adapters.sandbox.host import StrategyHost, StrategyHostError
from qts.adapters.sandbox.source import SourceUnreadable, StrategySource, read_source
from qts.domain.errors import Said, said_by
from qts.domain.events import StrategyVersionChanged, StrategyVersionRegistered
from qts.domain.strategy import Parameter, ParameterError, check_parameters
from qts.domain.values import Actor
from qts.quant.indicators import problems_of

FOLDER_MODE = 0o700


def strategies_folder() -> Path:
    """Made where it is not there yet."""
    folder: Path = settings.STRATEGIES_DIR
    folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    return folder


def register_file(name: str, *, actor: Actor, now: datetime) -> str:
    """Take the file in as it is now; the hash that names this version. Taking the same text in again changes nothing.

    Raises StrategyRefused with what is wrong with it and in which line.
    """
    try:
        source = read_source(settings.STRATEGIES_DIR, name)
    except SourceUnreadable as error:
        raise StrategyRefused([said_by(error)]) from error
    return register_source(name, source, actor=actor, now=now)


def register_source(name: str, source: StrategySource, *, actor: Actor, now: datetime) -> str:
    """The same for a text that is in no file of the folder. Raises StrategyRefused."""
    told = examine(source)
    keep_version(name, source, told, actor=actor, now=now)
    return source.content_hash


def keep_version(name: str, source: StrategySource, told: CodeView, *, actor: Actor, now: datetime) -> None:
    """What was examined, in one transaction with its event."""
    with transaction.atomic():
        _, is_new = StrategyVersion.objects.get_or_create(
            content_hash=source.content_hash,
            defaults={
                "name": name,
                "suffix": source.suffix,
                "source": source.text,
                "title": told.title,
                "summary": told.summary,
                "parameters": [asdict(one) for one in told.parameters],
                "registered_by": str(actor),
                "registered_at": now,
            },
        )
        if is_new:
            event = StrategyVersionRegistered(name=name, content_hash=source.content_hash)
            eventlog.record(event, actor=actor, now=now)


def examine(source: StrategySource) -> CodeView:
    """What a file says of itself, asked in a confined child with its default parameters. Raises StrategyRefused."""
    try:
        with StrategyHost("", {}, source=source) as host:
            described = tuple(
                Parameter(one.name, one.default, one.minimum, one.maximum, one.unit, one.help)
                for one in host.told_parameters
            )
            problems = problems_of(host.indicator_names)
            told = CodeView("", source.content_hash, host.title, host.summary, described, source)
    except StrategyHostError as error:
        raise StrategyRefused([Said("{file_name}: {error}", file_name=source.file_name, error=error)]) from error
    if problems:
        raise StrategyRefused([f"{source.file_name}: {problem}" for problem in problems])
    return told


def change_version(strategy_id: UUID, content_hash: str, *, keeps_state: bool, actor: Actor, now: datetime) -> None:
    """Let it go on with this version of its file, at once when it runs. Raises StrategyRefused.

    With `keeps_state` the version before hands its state over; else the new one begins with nothing. Beyond paper only
    a version goes in that two people have approved for that mode.
    """
    with transaction.atomic():
        strategy = lock_strategy(strategy_id)
        if strategy.code_hash == content_hash:
            return
        if not is_file(strategy.class_key):
            raise StrategyRefused([Said("Its code comes with QTS: it changes with the installation.")])
        try:
            code = code_of(strategy.class_key, content_hash)
            check_parameters(code.parameters, strategy.parameters)
        except KeyError:
            named = strategy.class_key.removeprefix(FILE_KEY)
            raise StrategyRefused(
                [Said("There is no version {content_hash} of {named}.", content_hash=content_hash[:8], named=named)]
            ) from None
        except ParameterError as error:
            raise StrategyRefused([Said("Its parameters do not fit this version. {error}", error=error)]) from error
        previous, strategy.code_hash, strategy.keeps_state = strategy.code_hash, content_hash, keeps_state
        if not is_approved(strategy, strategy.mode):
            said = Said(
                "This version is not approved for {mode}. "
                "Take the strategy back to paper first, or promote a copy of it with this version.",
                mode=strategy.mode.lower(),
            )
            raise StrategyRefused([said])
        strategy.save(update_fields=["code_hash", "keeps_state"])
        changed = StrategyVersionChanged(
            strategy_id=str(strategy.id), content_hash=content_hash, previous_hash=previous, keeps_state=keeps_state
        )
        eventlog.record(changed, actor=actor, now=now)
