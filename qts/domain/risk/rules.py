"""The table of the gate's controls. Adding one is a function in `checks` or `measures`, a row here and a test."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from qts.domain.errors import RuleCode
from qts.domain.risk.book_rules import BOOK_RULES
from qts.domain.risk.exchange_rules import EXCHANGE_RULES
from qts.domain.risk.firm_rules import FIRM_RULES
from qts.domain.risk.rule import Rule


def _table(*rules: Rule) -> Mapping[RuleCode, Rule]:
    table = {rule.code: rule for rule in rules}
    if len(table) != len(rules):
        raise ValueError("a rule stands twice in the table")
    return MappingProxyType(table)


RULES: Final = _table(*EXCHANGE_RULES, *FIRM_RULES, *BOOK_RULES)
LIMIT_CODES: Final = tuple(code for code, rule in RULES.items() if rule.is_limit)
SOFT_CODES: Final = frozenset(code for code, rule in RULES.items() if rule.is_soft)
