"""All settings in one file; every value a person may change comes from the environment.

The table of settings for operators is docs/settings.md: keep both in step.
"""

import os
import secrets
import sys
from pathlib import Path
from urllib.parse import urlsplit

import environ

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"
TESTING = "pytest" in sys.modules

env = environ.Env()
if (BASE_DIR / ".env").exists():
    env.read_env(BASE_DIR / ".env")


def _secret_kept_on_disk() -> str:
    """A random key made once, so that the first run needs no configuration."""
    path = VAR_DIR / "secret_key"
    VAR_DIR.mkdir(mode=0o700, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(secret := secrets.token_urlsafe(50))
    return secret


# --- What this installation is -------------------------------------------------------------------

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or _secret_kept_on_disk()
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
PUBLIC_BASE_URL = env.str("PUBLIC_BASE_URL", default="http://127.0.0.1:8000").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"])
CSRF_TRUSTED_ORIGINS = [PUBLIC_BASE_URL]

# --- Application ---------------------------------------------------------------------------------

INSTALLED_APPS = [
    "whitenoise.runserver_nostatic",
    "flows.apps.SupportAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "csp",
    "django_htmx",
    "heroicons",
    "template_partials",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "flows.apps.FlowsConfig",
]

MIDDLEWARE = [
    "fallbackui.doors.DoorsFirst",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "flows.views.middleware.TextGZipMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "flows.views.middleware.OriginMiddleware",
    "flows.views.middleware.LastAccountMiddleware",
    "flows.views.middleware.SignInMiddleware",
    "flows.views.middleware.PageCacheMiddleware",
]

ROOT_URLCONF = "fallbackui.urls"
WSGI_APPLICATION = "fallbackui.wsgi.application"
FORM_RENDERER = "flows.forms.renderer.UiRenderer"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "flows.views.context.page",
            ],
            "builtins": [
                "django.templatetags.static",
                "heroicons.templatetags.heroicons",
                "flows.templatetags.ui",
            ],
        },
    }
]

# --- Database: SQLite by default, PostgreSQL by DATABASE_URL -------------------------------------

DATABASES = {
    "default": env.db_url("DATABASE_URL", default=f"sqlite:///{VAR_DIR / 'fallback.sqlite3'}")
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-20000;"
            "PRAGMA mmap_size=134217728; PRAGMA foreign_keys=ON;"
        ),
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
# Opening SQLite costs a millisecond, and closing its last connection a checkpoint.
DATABASES["default"].setdefault("CONN_MAX_AGE", 60)

CACHES = {"default": env.cache_url("CACHE_URL", default="locmemcache://")}
if CACHES["default"]["BACKEND"].endswith("LocMemCache"):
    # With Django's 300 entries a flood of made-up addresses would push out who is being counted.
    CACHES["default"].setdefault("OPTIONS", {}).setdefault("MAX_ENTRIES", 100_000)

# --- People --------------------------------------------------------------------------------------

AUTH_USER_MODEL = "flows.User"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "sign-in"
PASSWORD_RESET_TIMEOUT = 60 * 60 * 4  # seconds that the link of a password reset works
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Whether anybody may sign up; who was invited may always.
SIGN_UP_OPEN = env.bool("SIGN_UP_OPEN", default=True)
# Support staff come in only with a second factor.
SUPPORT_NEEDS_SECOND_FACTOR = env.bool("SUPPORT_NEEDS_SECOND_FACTOR", default=False)
# Whether admins may approve what their own account hands in: for a single company's installation.
FALLBACK_SELF_APPROVE = env.bool("FALLBACK_SELF_APPROVE", default=False)

# --- Safety --------------------------------------------------------------------------------------

_HTTPS = PUBLIC_BASE_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "flows.views.errors.csrf_failed"
SESSION_COOKIE_AGE = 60 * 60 * 24 * 14
SECURE_HSTS_SECONDS = 31_536_000 if _HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if env.bool("BEHIND_TLS_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
# How many proxies stand in front and add to X-Forwarded-For; 0 trusts none of it.
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 500
FILE_UPLOAD_HANDLERS = ["flows.views.uploads.NoFiles"]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

# --- Language and time ---------------------------------------------------------------------------

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

# --- Static files --------------------------------------------------------------------------------

STATIC_URL = "/static/"
DOCUMENTS_DIR = Path(env.str("DOCUMENTS_DIR", default=str(VAR_DIR / "documents")))
STATIC_ROOT = BASE_DIR / "staticroot"
STATICFILES_DIRS = [BASE_DIR / "static", ("build", BASE_DIR / "build")]
# Tests serve from static/ itself and need no collectstatic.
WHITENOISE_AUTOREFRESH = DEBUG or TESTING
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # What companies hand in to prove who they are: outside everything that is served.
    "documents": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": DOCUMENTS_DIR,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {
        # The test server knows no hashed names.
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# --- The Invocation API, the engine and what leaves the house ------------------------------------

API_BODY_MAX_BYTES = 64 * 1024
API_RATE_PER_MINUTE = env.int("API_RATE_PER_MINUTE", default=6000)
# Where the test page finds the Invocation API of this installation.
TEST_SEND_BASE_URL = env.str("TEST_SEND_BASE_URL", default=PUBLIC_BASE_URL).rstrip("/")
SIGN_IN_TRIES_PER_MINUTE = env.int("SIGN_IN_TRIES_PER_MINUTE", default=10)
# Where carriers call us with receipts, when that is not where people come in.
HOOKS_BASE_URL = env.str("HOOKS_BASE_URL", default=PUBLIC_BASE_URL).rstrip("/")
ENGINE_BATCH_SIZE = env.int("ENGINE_BATCH_SIZE", default=200)
ENGINE_LEASE_S = env.int("ENGINE_LEASE_S", default=60)
ENGINE_POLL_S = env.float("ENGINE_POLL_S", default=0.2)
CALLBACK_ALLOW_PRIVATE = env.bool("CALLBACK_ALLOW_PRIVATE", default=False)
CALLBACK_TIMEOUT_S = env.float("CALLBACK_TIMEOUT_S", default=15)
# Dotted paths of connector modules beyond the ones that are shipped.
EXTRA_CONNECTORS = env.list("EXTRA_CONNECTORS", default=[])

# --- E-mail: written down with the change it tells of, sent by the engine ------------------------

EMAIL_URL = env.str("EMAIL_URL", default="")
SENDS_MAIL = bool(EMAIL_URL)  # else e-mails are files in var/mail, for whoever runs this
_MAIL = environ.Env.email_url_config(EMAIL_URL or f"filemail:///{VAR_DIR / 'mail'}")
EMAIL_HOST, EMAIL_PORT = _MAIL.get("EMAIL_HOST") or "localhost", _MAIL.get("EMAIL_PORT") or 25
EMAIL_HOST_USER = _MAIL.get("EMAIL_HOST_USER") or ""
EMAIL_HOST_PASSWORD = _MAIL.get("EMAIL_HOST_PASSWORD") or ""
EMAIL_USE_TLS, EMAIL_USE_SSL = _MAIL.get("EMAIL_USE_TLS", False), _MAIL.get("EMAIL_USE_SSL", False)
EMAIL_FILE_PATH = VAR_DIR / "mail"
EMAIL_TIMEOUT = 20
EMAIL_BACKEND = "flows.outbox.Outbox"
MAIL_DELIVERY_BACKEND = _MAIL["EMAIL_BACKEND"]
_HOST = urlsplit(PUBLIC_BASE_URL).hostname or "localhost"
DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", default=f"Fallback <no-reply@{_HOST}>")
if TESTING:
    MAIL_DELIVERY_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

# --- Sign-in: django-allauth, with our pages (flows/views/me_urls.py); docs/sign-in.md ------------

ACCOUNT_ADAPTER = "flows.sign_in.AccountAdapter"
MFA_ADAPTER = "flows.sign_in.SecondFactorAdapter"
SOCIALACCOUNT_ADAPTER = "flows.sign_in.ProviderAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
# A code by e-mail proves an address. Without a mail server a newcomer could never read it.
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if SENDS_MAIL else "none"
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = SENDS_MAIL
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_CHANGE_EMAIL = True  # one address a person; a new one takes the place of the old
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_FORMS = {
    "login": "flows.forms.sign_in.SignInForm",
    "signup": "flows.forms.sign_up.SignUpForm",
    "reset_password": "flows.forms.me.AskForResetForm",
    "reset_password_from_key": "flows.forms.me.ResetPasswordForm",
    "change_password": "flows.forms.me.ChangePasswordForm",
    "set_password": "flows.forms.me.SetPasswordForm",
    "add_email": "flows.forms.me.ChangeEmailForm",
    "confirm_email_verification_code": "flows.forms.me.EmailCodeForm",
    "reauthenticate": "flows.forms.me.PasswordAgainForm",
}
# Tries with a password are counted by flows/tries.py; these are the other doors.
ACCOUNT_RATE_LIMITS = {
    "login": None,
    "login_failed": "10/5m/key",  # codes of a second factor, for each person
    "signup": "20/h/ip",
    "reset_password": "10/h/ip,3/h/key",
    "reset_password_from_key": "20/m/ip",
    "confirm_email": "1/10s/key",
    "change_password": "5/m/user",
    "reauthenticate": "10/m/user",
    "manage_email": "10/m/user",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_FORMS = {
    "authenticate": "flows.forms.me.CodeForm",
    "reauthenticate": "flows.forms.me.CodeAgainForm",
    "activate_totp": "flows.forms.me.AuthenticatorForm",
    "login_webauthn": "flows.forms.passkeys.SignInForm",
    "authenticate_webauthn": "flows.forms.passkeys.SecondStepForm",
    "reauthenticate_webauthn": "flows.forms.passkeys.AgainForm",
    "add_webauthn": "flows.forms.passkeys.AddForm",
    "edit_webauthn": "flows.forms.passkeys.NameForm",
}
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_ALLOW_UNVERIFIED_EMAIL = not SENDS_MAIL
MFA_TOTP_ISSUER = "Fallback"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not _HTTPS  # browsers allow that for localhost only
SOCIALACCOUNT_AUTO_SIGNUP = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True  # see ProviderAdapter: only an address it has verified
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
OIDC_ISSUER = env.str("OIDC_ISSUER", default="").rstrip("/")
_OIDC = {
    "provider_id": "company",
    "name": env.str("OIDC_NAME", default="single sign-on"),
    "client_id": env.str("OIDC_CLIENT_ID", default=""),
    "secret": env.str("OIDC_CLIENT_SECRET", default=""),
    "settings": {"server_url": OIDC_ISSUER, "fetch_userinfo": True, "oauth_pkce_enabled": True},
}
SOCIALACCOUNT_PROVIDERS = {"openid_connect": {"APPS": [_OIDC] if OIDC_ISSUER else []}}

# --- Logs ----------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "fallbackui.logging.JsonFormatter"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="INFO")},
    # A 4xx is the caller's affair: the API and the pages log the ones that matter themselves.
    "loggers": {"django.request": {"level": "ERROR"}},
}
