"""The floor of an order over REST: Django REST framework, one serializer, one row, nothing else. An ASGI application
for `daphne benchmarks.bare_post:application`, with DATABASE_URL."""

import os

import django
from django.conf import settings

from qts.settings.environment import database_settings

TABLE = "bench_bare_post"

settings.configure(
    ALLOWED_HOSTS=["*"],
    SECRET_KEY=os.urandom(16).hex(),
    ROOT_URLCONF=__name__,
    INSTALLED_APPS=["rest_framework"],
    DATABASES={"default": database_settings(os.environ["DATABASE_URL"])},
    USE_TZ=True,
    REST_FRAMEWORK={
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "DEFAULT_PERMISSION_CLASSES": [],
        "UNAUTHENTICATED_USER": None,
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    },
)
django.setup()

from django.core.asgi import get_asgi_application  # noqa: E402  # needs the settings
from django.db import models  # noqa: E402
from django.urls import path  # noqa: E402
from rest_framework import serializers  # noqa: E402
from rest_framework.request import Request  # noqa: E402
from rest_framework.response import Response  # noqa: E402
from rest_framework.views import APIView  # noqa: E402


class BareOrder(models.Model):
    symbol = models.CharField(max_length=20)
    side = models.CharField(max_length=4)
    quantity = models.BigIntegerField()
    price_vnd = models.BigIntegerField()

    class Meta:
        app_label, db_table, managed = "bench", TABLE, False

    def __str__(self) -> str:
        return f"{self.side} {self.quantity} {self.symbol}"


class BareOrderIn(serializers.ModelSerializer[BareOrder]):
    class Meta:
        model = BareOrder
        fields = ("id", "symbol", "side", "quantity", "price_vnd")


class BareOrders(APIView):
    def get(self, _request: Request) -> Response:
        return Response({})

    def post(self, request: Request) -> Response:
        body = BareOrderIn(data=request.data)
        body.is_valid(raise_exception=True)
        body.save()
        return Response(body.data, status=201)


urlpatterns = [path("orders/", BareOrders.as_view())]
application = get_asgi_application()
