"""Set the environment before settings are read: a home of its own, no servers from outside. Import it first.

Inside a test the environment is made already, and stays.
"""

import atexit
import os
import shutil
import tempfile

import django
from django.conf import settings

if not settings.configured:
    HOME = tempfile.mkdtemp(prefix="auditline-bench-")
    os.mkdir(os.path.join(HOME, "static"))  # where collectstatic would write; whitenoise warns without it
    atexit.register(shutil.rmtree, HOME, ignore_errors=True)
    os.environ["AUDITLINE_HOME"] = HOME
    for name in ("DATABASE_URL", "DATABASE_OWNER_URL", "REDIS_URL", "CELERY_BROKER_URL", "SECRET_KEY", "DEBUG"):
        os.environ.pop(name, None)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ.setdefault("LOG_LEVEL", "WARNING")
    django.setup()
