"""`python -m qts.embedded.throwaway <command> ...`: manage.py under test settings, on an empty database of its own."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from qts.embedded.errors import EmbeddedError
from qts.embedded.options import ROOT
from qts.embedded.postgres import EmbeddedPostgres


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="qts-throwaway-") as folder:
        Path(folder).chmod(0o711)  # the server's user must pass through under root
        postgres = EmbeddedPostgres(Path(folder) / "postgres", is_durable=False)
        try:
            postgres.start()
            own = {
                "DJANGO_SETTINGS_MODULE": "qts.settings.test",
                "DATABASE_URL": postgres.url,
                "QTS_DATA_DIR": str(Path(folder) / "var"),
            }
            program = [sys.executable, str(ROOT / "manage.py"), *sys.argv[1:]]
            return subprocess.run(program, env=os.environ | own, check=False).returncode
        except EmbeddedError as error:
            print(error, file=sys.stderr)
            return 1
        finally:
            postgres.stop()


if __name__ == "__main__":
    sys.exit(main())
