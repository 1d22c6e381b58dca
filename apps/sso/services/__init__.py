"""Second factors, API keys, roles, what a session has proved, and the users of the demo."""

from apps.sso.services.api_keys import (
    KEYS_PER_USER_MAX,
    LIFETIME_DAYS_MAX,
    NewApiKey,
    TooManyKeys,
    issue_api_key,
    note_use,
    revoke_api_key,
)
from apps.sso.services.demo import DemoUser, seed_demo_users
from apps.sso.services.factors import current_code, enrol_totp, remove_factors, reseal_factors
from apps.sso.services.preferences import PREFERENCES, save_preferences
from apps.sso.services.roles import assign_roles, grant_role_permissions
from apps.sso.services.sessions import (
    client_address,
    end_other_sessions,
    end_session,
    note_activity,
    note_factor_change,
    note_log_in,
    note_log_in_failure,
    note_log_out,
    verify_session,
)

__all__ = [
    "KEYS_PER_USER_MAX",
    "LIFETIME_DAYS_MAX",
    "PREFERENCES",
    "DemoUser",
    "NewApiKey",
    "TooManyKeys",
    "assign_roles",
    "client_address",
    "current_code",
    "end_other_sessions",
    "end_session",
    "enrol_totp",
    "grant_role_permissions",
    "issue_api_key",
    "note_activity",
    "note_factor_change",
    "note_log_in",
    "note_log_in_failure",
    "note_log_out",
    "note_use",
    "remove_factors",
    "reseal_factors",
    "revoke_api_key",
    "save_preferences",
    "seed_demo_users",
    "verify_session",
]
