"""Which code a strategy is: an example that comes with QTS, or a version of a person's own file. No file of a person is
imported here; what is known of it, its confined child has told."""

import hashlib
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path

from django.conf import settings

from apps.strategies.models import Strategy, StrategyVersion
from qts.adapters.sandbox.source import RULES, SourceUnreadable, StrategySource, read_source, source_names
from qts.domain.strategy import Parameter, describe_parameters, registered_strategies, strategy_class

FILE_KEY = "file:"


@dataclass(frozen=True, slots=True)
class CodeView:
    """`source` is empty for code that comes with QTS."""

    class_key: str
    content_hash: str
    title: str
    summary: str
    parameters: Sequence[Parameter]
    source: StrategySource | None = None


@dataclass(frozen=True, slots=True)
class VersionView:
    content_hash: str
    name: str
    title: str
    registered_by: str
    registered_at: datetime
    source: str
    suffix: str

    @property
    def is_rules(self) -> bool:
        return self.suffix == RULES

    @property
    def class_key(self) -> str:
        return FILE_KEY + self.name


@dataclass(frozen=True, slots=True)
class FileView:
    """One file of the folder as it is now; `problem` says why it cannot be read."""

    name: str
    file_name: str
    content_hash: str
    is_registered: bool
    versions: Sequence[VersionView]
    problem: str


def is_file(class_key: str) -> bool:
    return class_key.startswith(FILE_KEY)


def code_of(class_key: str, content_hash: str = "") -> CodeView:
    """The version named; without a hash the newest registered one. Raises KeyError when there is none."""
    if not is_file(class_key):
        return _own_code(class_key)
    rows = StrategyVersion.objects.filter(name=class_key.removeprefix(FILE_KEY))
    row = rows.filter(content_hash=content_hash).first() if content_hash else rows.first()
    if row is None:
        raise KeyError(class_key)
    parameters = tuple(Parameter(**told) for told in row.parameters)
    source = StrategySource(f"{row.name}{row.suffix}", row.source)
    if source.content_hash != row.content_hash:
        raise KeyError(f"{class_key}: its stored text is not what was registered")
    return CodeView(class_key, row.content_hash, row.title, row.summary, parameters, source)


def code_of_strategy(row: Strategy) -> CodeView:
    """Raises KeyError."""
    return code_of(row.class_key, row.code_hash)


def choices() -> list[CodeView]:
    """What a new strategy may be: the examples, then the newest version of each registered file."""
    names = StrategyVersion.objects.order_by("name").values_list("name", flat=True).distinct()
    return [_own_code(kind.key) for kind in registered_strategies()] + [code_of(FILE_KEY + name) for name in names]


def versions(name: str) -> list[VersionView]:
    """Newest first."""
    return [_version_view(row) for row in StrategyVersion.objects.filter(name=name)]


def rules_names() -> list[str]:
    """Of the documents of rules that were taken in."""
    rows = StrategyVersion.objects.filter(suffix=RULES).order_by("name")
    return list(rows.values_list("name", flat=True).distinct())


def version(content_hash: str) -> VersionView | None:
    row = StrategyVersion.objects.filter(content_hash=content_hash).first()
    return _version_view(row) if row else None


def files() -> list[FileView]:
    """The folder as it is now. Nothing of it is run."""
    return [_file_view(name) for name in source_names(settings.STRATEGIES_DIR)]


def _file_view(name: str) -> FileView:
    known = versions(name)
    try:
        source = read_source(settings.STRATEGIES_DIR, name)
        file_name, content_hash, problem = source.file_name, source.content_hash, ""
    except SourceUnreadable as error:
        file_name, content_hash, problem = name, "", str(error)
    is_registered = content_hash in {one.content_hash for one in known}
    return FileView(name, file_name, content_hash, is_registered, known, problem)


def _own_code(class_key: str) -> CodeView:
    cls = strategy_class(class_key)
    described = tuple(describe_parameters(cls.parameters_class))
    title, summary = getattr(cls, "title", class_key), getattr(cls, "summary", "")
    return CodeView(class_key, _hash_of_file(inspect.getfile(cls)), title, summary, described)


@cache
def _hash_of_file(path: str) -> str:
    """As this process found it first: what is installed changes with a restart."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _version_view(row: StrategyVersion) -> VersionView:
    return VersionView(
        row.content_hash, row.name, row.title, row.registered_by, row.registered_at, row.source, row.suffix
    )


def parameters_shown(parameters: Sequence[Parameter], values: Mapping[str, int]) -> list[tuple[Parameter, int | None]]:
    return [(parameter, values.get(parameter.name)) for parameter in parameters]
