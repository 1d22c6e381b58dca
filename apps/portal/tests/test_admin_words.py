"""The admin speaks the reader's language: no label of a list or a form is a column's name, or English in Vietnamese."""

from collections.abc import Iterator
from unittest.mock import Mock

import pytest
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets, label_for_field
from django.test import RequestFactory
from django.utils import translation

ADMINS = {model._meta.label: shown for model, shown in admin.site._registry.items()}
# names of things that are called so in both languages
SAME_IN_BOTH = {"id", "notifyid", "uniqueid"}


def everything(shown) -> Iterator[tuple[str, str]]:
    """(where, text) of all that the pages of one model say about themselves, in the language of the moment."""
    model, request = shown.model, RequestFactory().get("/admin/")
    request.user = Mock(is_active=True, is_staff=True, is_superuser=True)
    meta = model._meta
    yield "app", meta.app_config.verbose_name
    yield "model", meta.verbose_name
    yield "models", meta.verbose_name_plural
    for name in shown.get_list_display(request):
        yield f"list: {getattr(name, '__name__', name)}", str(label_for_field(name, model, shown))
    for name, _, title in (action for action in shown._get_base_actions() if action[1] != "delete_selected"):
        yield f"action: {name}", title
    yield from of_a_form(shown, request)
    for inline in shown.get_inline_instances(request):
        yield f"inline {inline.model.__name__}", inline.verbose_name_plural or inline.model._meta.verbose_name_plural
        yield from of_a_form(inline, request)


def of_a_form(shown, request) -> Iterator[tuple[str, str]]:
    """Of the fields in sight: those of the form, and those that are only looked at."""
    form = (shown.get_formset(request).form if hasattr(shown, "get_formset") else shown.get_form(request)).base_fields
    for title, _ in shown.get_fieldsets(request):
        yield "section", title or ""
    names = {*flatten_fieldsets(shown.get_fieldsets(request)), *columns_in_sight(shown)}
    for name in sorted(names):
        where = f"{shown.model.__name__}.{name}"
        if name in form:
            yield where, form[name].label or ""
            yield f"help of {where}", form[name].help_text
            is_named_elsewhere = hasattr(form[name], "queryset") or name == "timezone"
            choices = () if is_named_elsewhere else getattr(form[name], "choices", ())
            yield from ((f"choice of {where}", label) for _, label in choices)
        else:
            yield where, str(label_for_field(name, shown.model, shown))
    for column in (column for column in shown.model._meta.fields if column.name != "timezone"):
        yield from ((f"choice of {column.name}", label) for _, label in column.flatchoices)


def columns_in_sight(shown) -> set[str]:
    """A page to look at shows every column that may be edited, whether or not a form would, unless it names its own."""
    if shown.fields or shown.fieldsets:
        return set()
    return {column.name for column in shown.model._meta.fields if column.editable and not column.auto_created}


def said(shown, language) -> list[tuple[str, str]]:
    with translation.override(language):
        return [(where, str(text)) for where, text in everything(shown)]


@pytest.mark.parametrize("label", ADMINS)
def test_every_label_is_said_in_vietnamese(label):
    english, vietnamese = said(ADMINS[label], "en"), said(ADMINS[label], "vi")
    assert [where for where, _ in english] == [where for where, _ in vietnamese]
    left = [
        (where, text)
        for (where, text), (_, other) in zip(english, vietnamese, strict=True)
        if text == other and any(letter.islower() for letter in text) and text.lower() not in SAME_IN_BOTH
    ]
    assert left == []


@pytest.mark.parametrize("label", [label for label in ADMINS if ADMINS[label].model.__module__.startswith("apps.")])
def test_no_label_is_the_name_of_its_column(label):
    meta = ADMINS[label].model._meta
    derived = [column.name for column in meta.fields if "_" in column.name and is_derived(column)]
    assert derived == []


def is_derived(column) -> bool:
    with translation.override("vi"):
        return str(column.verbose_name) == column.name.replace("_", " ")
