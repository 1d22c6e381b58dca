"""HTTP addresses: portal, log-in, admin, REST, health."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("accounts/", include("apps.sso.urls")),
    path("admin/", admin.site.urls),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("apps.portal.urls")),
]
