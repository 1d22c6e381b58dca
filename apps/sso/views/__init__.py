"""Access to pages, and the choice of a language. The admin site is apart: importing it needs the whole app registry."""

from apps.sso.views.access import identification_needed, no_access, role_required
from apps.sso.views.person import set_language

__all__ = ["identification_needed", "no_access", "role_required", "set_language"]
