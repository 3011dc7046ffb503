"""Bind shared tasks to our Celery application in every process that runs Django."""

from django.apps import AppConfig

from config.celery import app as celery_app


class ConfigApp(AppConfig):
    name = "config"
    celery = celery_app
