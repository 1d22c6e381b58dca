"""Words of columns make no migration; what the database knows does."""

import pytest
from django.core.management import load_command_class
from django.db import models
from django.db.migrations.state import ModelState, ProjectState

from qts.web.wordless_migrations import WordlessAutodetector


def project(field, **options):
    state = ProjectState()
    state.add_model(ModelState("books", "Page", [("id", models.AutoField(primary_key=True)), ("side", field)], options))
    return state


def changes(before, after):
    found = WordlessAutodetector(before, after)._detect_changes()
    return [
        type(one).__name__ for migrations in found.values() for migration in migrations for one in migration.operations
    ]


OLD = models.CharField(max_length=4)


@pytest.mark.parametrize(
    "words", [{"verbose_name": "side"}, {"help_text": "buy or sell"}, {"choices": [("BUY", "buy"), ("SELL", "sell")]}]
)
def test_words_of_a_column_make_no_migration(words):
    assert changes(project(OLD), project(models.CharField(max_length=4, **words))) == []


def test_words_of_a_table_make_no_migration_and_its_order_does():
    named = {"verbose_name": "page", "verbose_name_plural": "pages"}
    assert changes(project(OLD), project(OLD, **named)) == []
    assert changes(project(OLD), project(OLD, **named, ordering=["id"])) == ["AlterModelOptions"]


@pytest.mark.parametrize("more", [{"null": True}, {"max_length": 8}, {"unique": True}])
def test_what_the_database_knows_makes_one(more):
    named = {"max_length": 4, "verbose_name": "side", **more}
    assert changes(project(OLD), project(models.CharField(**named))) == ["AlterField"]


@pytest.mark.parametrize("name", ["makemigrations", "migrate"])
def test_both_commands_look_this_way(name):
    assert load_command_class("apps.portal", name).autodetector is WordlessAutodetector
