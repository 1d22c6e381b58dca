"""Access to pages. The admin site is apart: importing it needs the whole app registry."""

from apps.sso.views.access import identification_needed, no_access, role_required

__all__ = ["identification_needed", "no_access", "role_required"]
