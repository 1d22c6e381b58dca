"""Alerts: rules, ways out, the watch over the bus, deliveries."""

from apps.notifications.services.channels import (
    CHANNEL_SENTENCES,
    ChannelProblem,
    ChannelRefused,
    delete_channel,
    make_channel,
    try_channel,
)
from apps.notifications.services.inbox import mark_read
from apps.notifications.services.reach import ask_for_accounts
from apps.notifications.services.rules import (
    RULE_SENTENCES,
    RuleProblem,
    RuleRefused,
    RuleWish,
    delete_rule,
    make_rule,
    switch_rule,
)
from apps.notifications.services.words import sentence

__all__ = [
    "CHANNEL_SENTENCES",
    "RULE_SENTENCES",
    "ChannelProblem",
    "ChannelRefused",
    "RuleProblem",
    "RuleRefused",
    "RuleWish",
    "ask_for_accounts",
    "delete_channel",
    "delete_rule",
    "make_channel",
    "make_rule",
    "mark_read",
    "sentence",
    "switch_rule",
    "try_channel",
]
