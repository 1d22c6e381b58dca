"""The identity pages that QTS has, out of allauth's larger set: no sign-up, no e-mail, no password reset by mail."""

from allauth.account import views as account
from allauth.headless.account import views as headless
from allauth.headless.constants import Client
from allauth.headless.mfa import views as headless_mfa
from django.urls import include, path

# The same log-in as JSON, for programs of people such as the terminal: password, then code, then the session's cookie.
log_in_of_programs = [
    path("session", headless.SessionView.as_api_view(client=Client.BROWSER), name="headless_session"),
    path("login", headless.LoginView.as_api_view(client=Client.BROWSER), name="headless_login"),
    path("2fa/authenticate", headless_mfa.AuthenticateView.as_api_view(client=Client.BROWSER), name="headless_code"),
]

urlpatterns = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("2fa/", include("allauth.mfa.urls")),
    path("browser/v1/auth/", include(log_in_of_programs)),
]
