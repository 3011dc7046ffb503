"""Set the environment before settings are read: a home of its own per test run, no servers from outside.

Loaded by `-p tests.environment` (pyproject.toml), because pytest-django reads settings before any conftest.
"""

import atexit
import os
import shutil
import tempfile

HOME = tempfile.mkdtemp(prefix="auditline-tests-")
os.mkdir(os.path.join(HOME, "static"))  # where collectstatic would write; whitenoise warns without it
atexit.register(shutil.rmtree, HOME, ignore_errors=True)
os.environ["AUDITLINE_HOME"] = HOME
for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "CELERY_BROKER_URL", "SECRET_KEY", "DEBUG"):
    os.environ.pop(name, None)
