"""Which accounts' alerts a person may get."""

from django.contrib.auth import get_user_model

from apps.accounts.selectors import accounts_of


def accounts_to_hear_of(user_id: int) -> frozenset[str]:
    """The ids of those that the user may see now; none for one who is locked out."""
    user = get_user_model().objects.filter(pk=user_id, is_active=True).first()
    return frozenset(str(account.id) for account in accounts_of(user)) if user else frozenset()
