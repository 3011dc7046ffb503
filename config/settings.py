"""How the service is put together. Every variable read here stands in docs/settings.md."""

from pathlib import Path

from config import env
from config.logs import LOG_LEVELS
from config.logs import configure as configure_logs
from config.stack.embedded import embedded

BASE_DIR = Path(__file__).resolve().parent.parent
AUDITLINE_HOME = env.home()
AUDITLINE_SIGNING_KEY_FILE = Path(env.text("SIGNING_KEY_FILE", str(AUDITLINE_HOME / "keys" / "ledger.pem")))
AUDITLINE_DEMO = env.flag("DEMO", True)

DEBUG = env.flag("DEBUG", False)
SECRET_KEY = env.secret_key()
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
CSRF_FAILURE_VIEW = "audit.web.views.errors.form_expired"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "django_htmx",
    "django_structlog",
    "accounts",
    "lineage",
    "policies",
    "audit",
    "config",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "audit.web.security.ContentSecurityPolicy",
    "audit.web.visible.VisibleControls",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "audit" / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "audit.web.context.workspace",
            ],
            "libraries": {"auditline": "audit.web.elements"},
        },
    },
]

# ---- data. `default` is the role of web and workers (row security binds it); `owner` runs migrations only.
_embedded = embedded(AUDITLINE_HOME)
_app_url = env.text("DATABASE_URL", _embedded.app_url)
_owner_url = env.text("DATABASE_OWNER_URL", env.text("DATABASE_URL", _embedded.owner_url))
DATABASES = {
    "default": env.database(_app_url, name="DATABASE_URL"),
    "owner": env.database(_owner_url, name="DATABASE_OWNER_URL"),
}
DATABASES["owner"]["CONN_MAX_AGE"] = 0
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.broker("REDIS_URL", _embedded.redis_url)
CELERY_BROKER_URL = env.broker("CELERY_BROKER_URL", env.broker("REDIS_URL", _embedded.broker_url))
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_PUBLISH_RETRY = False  # a lost wake-up is re-driven by beat; a request must not wait for a broker
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 5, "socket_connect_timeout": 2, "visibility_timeout": 600}
CELERY_TASK_DEFAULT_QUEUE = "celery"
CELERY_TIMEZONE = "UTC"

# ---- people
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "accounts.members.adapter.ClosedAdapter"
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Auditline"
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
SOCIALACCOUNT_PROVIDERS = env.oidc()
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.flag("HTTPS", False)
SECURE_SSL_REDIRECT = env.flag("HTTPS", False)
SECURE_HSTS_SECONDS = 31536000 if env.flag("HTTPS", False) else 0
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.flag("BEHIND_PROXY", False) else None

# ---- API
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.members.authentication.TokenAuthentication",
        "accounts.members.authentication.MemberAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.members.rights.HasRight"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "URL_FORMAT_OVERRIDE": None,  # `Accept` alone chooses the form; `?format=` is that of an inventory
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "accounts.errors.api_exception_handler",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Auditline API",
    "DESCRIPTION": "Lineage and inventories in; verdicts, findings, tickets and evidence out.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],  # it tells nothing of a workspace, so nobody has to name one
    "SCHEMA_PATH_PREFIX": r"/api/v1",
}

# ---- limits of the doors (bytes after decompression)
AUDITLINE_MAX_BODY = env.number("MAX_BODY_MIB", 10, least=1) * 1024 * 1024
AUDITLINE_MAX_INVENTORY_FILE = env.number("MAX_INVENTORY_FILE_MIB", 2048, least=1) * 1024 * 1024
AUDITLINE_MAX_INVENTORY_BODY = env.number("MAX_INVENTORY_MIB", 40, least=1) * 1024 * 1024
# Above either, the doors answer 503. The age is generous: clients give an event up after some seconds, so a night
# without workers must not close a door.
AUDITLINE_BACKLOG_LIMIT = env.number("BACKLOG_LIMIT", 1_000_000, least=1)  # events
AUDITLINE_BACKLOG_AGE = env.number("BACKLOG_AGE", 43_200, least=1)  # seconds
AUDITLINE_CLOCK_BOUND = env.number("CLOCK_BOUND", 300, least=1)  # seconds; beyond, a producer's clock is told to differ
DATA_UPLOAD_MAX_MEMORY_SIZE = AUDITLINE_MAX_INVENTORY_BODY
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# ---- the way out, and the folder below which files may be taken in
AUDITLINE_OUTBOUND_ALLOW = env.networks("OUTBOUND_ALLOW")
AUDITLINE_PULL_FOLDER = env.text("PULL_FOLDER")

METRICS_TOKEN = env.text("METRICS_TOKEN")

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = AUDITLINE_HOME / "static"
STATICFILES_DIRS = [
    BASE_DIR / "audit" / "web" / "static",
    ("htmx", BASE_DIR / "node_modules" / "htmx.org" / "dist"),
    ("cytoscape", BASE_DIR / "node_modules" / "cytoscape" / "dist"),
    ("elk", BASE_DIR / "node_modules" / "elkjs" / "lib"),
]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
SILENCED_SYSTEM_CHECKS = ["staticfiles.W004"]  # node_modules is laid by `make setup`; commands run without it

_log_level = env.one_of(env.text("LOG_LEVEL", "INFO"), LOG_LEVELS, name="LOG_LEVEL")
LOGGING = configure_logs(json=env.flag("LOG_JSON", False), level=_log_level)
