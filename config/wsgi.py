"""The WSGI application that granian serves: the short way for single events, and Django for everything."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django_application = get_wsgi_application()

from lineage.events.express import express  # noqa: E402 - needs the apps that the line above has loaded

application = express(django_application)
