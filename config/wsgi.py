"""The WSGI application that granian serves: the short way for single events, and Django for everything."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import reverse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django_application = get_wsgi_application()

from lineage.events.express import express  # noqa: E402 - needs the apps that the line above has loaded

application = express(django_application)
reverse("healthz")  # imports all views and reads all addresses, a second's work that the first request would wait for

# What is loaded by now stays: the collector need not look at it again. Reading a batch makes thousands of objects, and
# looking at them every 700 took a tenth of its time.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 100)
