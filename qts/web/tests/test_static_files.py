"""Our scripts import each other under the names that change with what they hold."""

import re
from pathlib import Path

from django.contrib.staticfiles.finders import FileSystemFinder

from qts.web.static_files import HashedFiles


def test_scripts_import_each_other_by_hashed_names(tmp_path: Path):
    storage = HashedFiles(location=str(tmp_path), base_url="/static/")
    paths = {}
    for name, found in FileSystemFinder().list([]):
        if name.startswith(("js/", "vendor/lightweight-charts/")):
            storage.save(name, found.open(name))
            paths[name] = (storage, name)
    for _, _, processed in storage.post_process(paths):
        assert not isinstance(processed, Exception), processed
    main = (tmp_path / storage.stored_name("js/main.js")).read_text()
    imports = re.findall(r'["\']\./([\w.-]+\.js)["\']', main)
    assert len(imports) > 10
    for name in imports:
        assert re.fullmatch(r"[\w-]+\.[0-9a-f]{12}\.js", name), name
        assert (tmp_path / "js" / name).is_file()
