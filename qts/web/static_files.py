"""Static files as production serves them: compressed, and under names that change with what they hold."""

from whitenoise.storage import CompressedManifestStaticFilesStorage as Compressed

OWN_SCRIPTS = "js/*.js"  # libraries name in their comments and texts what is no file


class HashedFiles(Compressed):  # type: ignore[misc]  # whitenoise ships no types
    """Our scripts import each other by those names too: a browser keeps every module and asks for none again."""

    support_js_module_import_aggregation = True
    # Django has no public way to say which scripts
    _js_module_import_aggregation_patterns = (OWN_SCRIPTS, *Compressed._js_module_import_aggregation_patterns[1:])
