"""/ws/alerts: how many alerts are unread, and each new one of the user's."""

from typing import Any, ClassVar

from asgiref.sync import sync_to_async
from django.utils import translation

from apps.notifications import selectors
from apps.notifications.services import sentence
from qts.domain.events import AlertFired, Event
from qts.web.consumers import LiveChannel, LiveConsumer, topics_of

SHOWN_MAX = 5


class AlertsChannel(LiveChannel):
    """{unread, alerts: [{id, kind, symbol, facts, note, fired_at}]}: none at first, then those that have just fired."""

    topics: ClassVar = topics_of([AlertFired])

    async def snapshot(self) -> dict[str, Any]:
        self._new: list[str] = []
        return await sync_to_async(self._read)([])

    def on_event(self, event: Event) -> None:
        if isinstance(event, AlertFired) and event.user_id == str(self.user.pk) and hasattr(self, "_new"):
            self._new.append(event.alert_id)

    async def take(self) -> dict[str, Any] | None:
        if not self._new:
            return None
        new, self._new = self._new, []
        return await sync_to_async(self._read)(new)

    def _read(self, new: list[str]) -> dict[str, Any]:
        found = selectors.alerts(self.user.pk, limit=SHOWN_MAX) if new else []
        return {
            "unread": selectors.unread_count(self.user.pk),
            "alerts": [
                {
                    "id": str(alert.id),
                    "kind": alert.kind,
                    "symbol": alert.symbol,
                    "text": {language: _said(alert, language) for language in ("vi", "en")},
                    "note": alert.note,
                    "fired_at": alert.fired_at.isoformat(),
                }
                for alert in found
                if str(alert.id) in new
            ],
        }


def _said(alert: selectors.AlertView, language: str) -> str:
    with translation.override(language):
        return sentence(alert.kind, alert.symbol, alert.facts)


class AlertsConsumer(LiveConsumer):
    channels: ClassVar = {"alerts": AlertsChannel}
