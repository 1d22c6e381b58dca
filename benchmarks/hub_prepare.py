"""Tables, securities and logged-in people for the hub's benchmark: `python -m benchmarks.hub_prepare SYMBOLS`.

The last line is a JSON list of session cookies.
"""

import json
import sys

import django

PEOPLE = 10


def main(symbol_count: int) -> None:
    django.setup()
    from django.apps import apps
    from django.core.management import call_command
    from django.utils import timezone

    from apps.sso.selectors import Role
    from apps.sso.tests.sessions import make_user, verified_client
    from benchmarks import market_messages

    call_command("migrate", verbosity=0)
    security = apps.get_model("marketdata", "Security")
    security.objects.bulk_create(
        security(symbol=symbol, exchange="HOSE", kind="STOCK", updated_at=timezone.now())
        for symbol in market_messages.symbols(symbol_count)
    )
    clients = [verified_client(make_user(f"person{number}", Role.TRADER)) for number in range(PEOPLE)]
    print(json.dumps([client.cookies["sessionid"].value for client in clients]))


if __name__ == "__main__":
    main(int(sys.argv[1]))
