"""Every setting comes from the environment, is checked once at start, and is documented in `docs/settings.md`."""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args, get_type_hints
from urllib.parse import urlsplit

import msgspec

Policy = Literal["in-house", "factory", "factory-only"]
SafeAction = Literal["report-factory", "in-house-oven", "reclaim-connections"]
SAFE_ACTIONS: Final[tuple[SafeAction, ...]] = get_args(SafeAction)


class SettingError(Exception):
    """The environment holds something that cannot be used; the message names the variable."""


def _about(text: str, env: str | None = None) -> msgspec.Meta:
    return msgspec.Meta(description=text, extra={"env": env})


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    database_url: Annotated[
        str | None,
        _about("PostgreSQL 15 or newer. Without it an embedded PostgreSQL runs in the data directory.", "DATABASE_URL"),
    ] = None
    data_dir: Annotated[
        Path | None,
        _about("Where the embedded PostgreSQL, logs and run files live. Default: the user's data folder."),
    ] = None
    host: Annotated[str, _about("The address that servers listen on.")] = "127.0.0.1"
    demo: Annotated[bool, _about("Demo data with its short passwords is present; `up` sets this.")] = False
    policy: Annotated[
        Policy,
        _about(
            "Which oven bakes: `in-house` signs in the shop's own process; `factory` asks the remote factory first and "
            "stands in for it; `factory-only` charges first and has no stand-in, as before the incident, for drills."
        ),
    ] = "in-house"
    factory_url: Annotated[
        str | None,
        _about("Where the factory runs, for orders, report links and `chaos`. Default: `/factory` of the shop."),
    ] = None
    factory_api_key: Annotated[
        str | None, _about("The shop's vendor key at the remote factory; `up` makes one for its own.")
    ] = None
    order_seconds: Annotated[
        float, _about("The deadline of one order over all attempts at the factory."), msgspec.Meta(gt=0)
    ] = 1.5
    hold_seconds: Annotated[
        float,
        _about(
            "How long money may be held for an order whose process died, before the hold is voided. A retry with the "
            "same Idempotency-Key finishes such an order only while more than its deadline and five seconds is left."
        ),
        msgspec.Meta(gt=0, le=3600),
    ] = 60.0
    breaker_seconds: Annotated[
        float,
        _about("How long a factory that failed is left alone before it is tried again."),
        msgspec.Meta(gt=0, le=3600),
    ] = 5.0
    exercise_share: Annotated[
        float,
        _about("The share of orders that the in-house oven bakes under policy `factory` while all is well."),
        msgspec.Meta(ge=0, le=1),
    ] = 0.02
    ops_url: Annotated[
        str | None, _about("Where ops runs: processes tell it twice a second how they are. `up` sets this.")
    ] = None
    ops_token: Annotated[
        str | None,
        _about(
            "The secret that machines send to ops with: processes, Prometheus, Alertmanager, Grafana; and that ops "
            "acts with at shop and factory. Without it only what comes from the same machine is taken. `up` makes one "
            "(`run/ops-token` of the data directory)."
        ),
    ] = None
    grafana_url: Annotated[
        str | None, _about("A Grafana with our dashboards: the links of the watch lead to its charts.")
    ] = None
    watch_memory_mb: Annotated[
        int, _about("A process that holds more memory is an alert of the watch."), msgspec.Meta(ge=64)
    ] = 1024
    watch_after_seconds: Annotated[
        Annotated[float, msgspec.Meta(ge=0, le=3600)] | None,
        _about(
            "For drills: the watch has one rule, that orders failed for so long, as before the incident. Default: its "
            "own rules."
        ),
    ] = None
    otlp_endpoint: Annotated[
        str | None,
        _about(
            "Where traces go, by OTLP over HTTP: `http://collector:4318`. Without it there are none.",
            "OTEL_EXPORTER_OTLP_ENDPOINT",
        ),
    ] = None
    trace_share: Annotated[
        float,
        _about("The share of requests that are traced, where no `traceparent` has decided."),
        msgspec.Meta(ge=0, le=1),
    ] = 0.1
    url: Annotated[str, _about("Where the shop runs, for commands that talk to it.")] = "http://127.0.0.1:3000"
    ops_public_url: Annotated[
        str | None, _about("The address of ops as people on call see it; with https, its cookies are marked Secure.")
    ] = None
    oncall_token: Annotated[
        str | None,
        _about("A login's token for `jwt-pizza oncall`. Without it the command logs in through the database of ops."),
    ] = None
    calendar_seconds: Annotated[
        float, _about("The deadline of reading a schedule that is kept elsewhere."), msgspec.Meta(gt=0, le=60)
    ] = 10.0
    calendar_every_minutes: Annotated[
        float, _about("How often a schedule that is kept elsewhere is read."), msgspec.Meta(gt=0, le=1440)
    ] = 5.0
    calendar_private: Annotated[
        bool, _about("Schedules may be read from private addresses too, for a calendar in the same network.")
    ] = False
    token: Annotated[
        str | None,
        _about(
            "A login's token for commands that talk to the shop. Without it they log in through its database, as a "
            "user that only commands can be."
        ),
    ] = None
    public_url: Annotated[
        str | None, _about("The shop's address as users see it; with https, cookies are marked Secure.")
    ] = None
    allowed_origins: Annotated[
        str,
        _about("Web origins that may call the API, comma separated; `localhost` stands for any port of this machine."),
    ] = "localhost"
    trusted_proxies: Annotated[
        str,
        _about("Addresses of reverse proxies whose X-Forwarded-For and -Proto are believed, comma separated."),
    ] = ""
    max_body_bytes: Annotated[int, _about("A larger request body is refused with 413."), msgspec.Meta(ge=1024)] = 262144
    request_seconds: Annotated[float, _about("The deadline of one request."), msgspec.Meta(gt=0, le=3600)] = 15.0
    pool_size: Annotated[int, _about("Database connections of one process."), msgspec.Meta(ge=2)] = 10
    pool_wait_seconds: Annotated[
        float,
        _about("How long a request waits for a database connection before it is answered 503."),
        msgspec.Meta(ge=0, le=3600),
    ] = 1.0
    statement_seconds: Annotated[float, _about("The deadline of one SQL statement."), msgspec.Meta(gt=0, le=3600)] = 5.0
    lease_leak_seconds: Annotated[
        float,
        _about("A database connection held for longer counts as leaked; the stack that took it is logged."),
        msgspec.Meta(gt=0, le=3600),
    ] = 2.0
    lease_reclaim_seconds: Annotated[
        float, _about("A database connection held for longer is broken off and replaced."), msgspec.Meta(gt=0, le=3600)
    ] = 8.0
    session_hours: Annotated[float, _about("How long a login lasts."), msgspec.Meta(gt=0, le=87_600)] = 168.0
    password_min_length: Annotated[
        Annotated[int, msgspec.Meta(ge=1)] | None,
        _about("Shortest password accepted. Default: 8, with demo data 1."),
    ] = None
    hash_threads: Annotated[int, _about("Threads of one process that hash passwords."), msgspec.Meta(ge=1)] = 1
    hash_waiting: Annotated[
        int,
        _about("Logins that may wait for a hashing thread before further ones are answered 503."),
        msgspec.Meta(ge=0),
    ] = 16
    login_failures_per_account: Annotated[
        int, _about("Failed logins on one account within the window before 429."), msgspec.Meta(ge=1)
    ] = 10
    login_failures_per_address: Annotated[
        int, _about("Failed logins from one client address within the window before 429."), msgspec.Meta(ge=1)
    ] = 200
    login_window_seconds: Annotated[
        float, _about("The window of the login limits."), msgspec.Meta(gt=0, le=604_800)
    ] = 300.0
    pizza_hours: Annotated[float, _about("How long a pizza's JWT is valid."), msgspec.Meta(gt=0, le=87_600)] = 24.0
    oven_full_seconds: Annotated[
        float,
        _about("How long the factory makes an order wait that does not fit the oven, before it refuses."),
        msgspec.Meta(ge=0, le=3600),
    ] = 0.0
    chaos_most_minutes: Annotated[
        float, _about("Longest attack on the factory; it ends by itself at the latest then."), msgspec.Meta(gt=0)
    ] = 120.0
    throttle_seconds: Annotated[
        float, _about("How long the factory makes an order wait under `throttle`."), msgspec.Meta(gt=0)
    ] = 32.0
    code_minutes: Annotated[float, _about("How long a vendor's one-time code is valid."), msgspec.Meta(gt=0)] = 10.0
    twilio_api_base: Annotated[
        str, _about("Where texts are sent: Twilio, or what speaks its API.", "TWILIO_API_BASE")
    ] = "https://api.twilio.com"
    twilio_account_sid: Annotated[
        str | None,
        _about(
            "The account that sends texts. Without it texts are shown by ops on `/phone` alone.", "TWILIO_ACCOUNT_SID"
        ),
    ] = None
    twilio_auth_token: Annotated[
        str | None, _about("Its token; callbacks that are not signed with it are refused.", "TWILIO_AUTH_TOKEN")
    ] = None
    twilio_from: Annotated[
        str | None, _about("The number that texts come from, or the SID of a messaging service.", "TWILIO_FROM")
    ] = None
    sms2_api_base: Annotated[
        str, _about("A second provider that speaks Twilio's API, for texts that the first does not take.")
    ] = "https://api.twilio.com"
    sms2_account_sid: Annotated[str | None, _about("Its account. Without it there is no second provider.")] = None
    sms2_auth_token: Annotated[str | None, _about("Its token.")] = None
    sms2_from: Annotated[str | None, _about("Its number, or the SID of a messaging service.")] = None
    deadman_url: Annotated[
        str | None,
        _about("An address outside that ops calls every minute while all escalations go on; silence is its alarm."),
    ] = None
    smtp_url: Annotated[
        str | None,
        _about(
            "The mail server, `smtp://[user:pass@]host:port`. Without it mail is written to `outbox/` of the data "
            "directory.",
            "SMTP_URL",
        ),
    ] = None
    mail_from: Annotated[str, _about("The sender of mail.")] = "JWT Pizza <pizza@localhost>"
    mail_seconds: Annotated[float, _about("The deadline of sending one mail."), msgspec.Meta(gt=0)] = 8.0
    grafana_secret: Annotated[
        str | None,
        _about(
            "The HMAC secret of Grafana's contact point. With it only alerts that it signed are taken from Grafana."
        ),
    ] = None
    alert_stale_hours: Annotated[
        float,
        _about(
            "How long an alert of a webhook or an event is believed when it is not told again: more than the "
            "`repeat_interval` of who sends."
        ),
        msgspec.Meta(gt=0, le=720),
    ] = 9.0
    report_zone: Annotated[
        str, _about("The time zone of the titles of incident reports, as `America/Denver`; all else in them is UTC.")
    ] = "UTC"
    status_name: Annotated[str, _about("What the public status page calls this shop.")] = "JWT Pizza"
    status_dir: Annotated[
        Path | None, _about("A folder that the status page is written into, too, after every change.")
    ] = None
    status_objective: Annotated[
        float,
        _about("The share of requests that are to go well, of which the status page shows how much is used up."),
        msgspec.Meta(gt=0, lt=1),
    ] = 0.999
    amends_most_diners: Annotated[
        int, _about("Amends for more diners need an administrator's approval."), msgspec.Meta(ge=0)
    ] = 100
    amends_most_btc: Annotated[
        float, _about("Amends that refund more bitcoin need an administrator's approval."), msgspec.Meta(ge=0)
    ] = 1.0
    btcpay_url: Annotated[
        str | None,
        _about(
            "A BTCPay Server (2.0 or newer) that refunds of amends leave through, at the address where diners reach "
            "it. Without it the built-in wallet holds them.",
            "BTCPAY_URL",
        ),
    ] = None
    btcpay_store: Annotated[str | None, _about("The id of its store that pays.", "BTCPAY_STORE")] = None
    btcpay_api_key: Annotated[
        str | None,
        _about("A key for that store with `btcpay.store.canmanagepullpayments`.", "BTCPAY_API_KEY"),
    ] = None
    incident_severity: Annotated[
        Literal["critical", "warning", "never"],
        _about(
            "Alert groups of this severity or a worse one declare an incident by themselves; `never`: only chains and "
            "people do."
        ),
    ] = "critical"
    runbook_automatic: Annotated[
        str,
        _about(
            "Actions of runbooks that run by themselves, once in an incident whose alerts name them, comma separated: "
            "`report-factory`, `in-house-oven`, `reclaim-connections`."
        ),
    ] = ""
    log_level: Annotated[Literal["debug", "info", "warning", "error"], _about("Least severe log line written.")] = (
        "info"
    )

    @property
    def shortest_password(self) -> int:
        return self.password_min_length or (1 if self.demo else 8)

    @property
    def runbook_actions(self) -> tuple[SafeAction, ...]:
        given = {name.strip() for name in self.runbook_automatic.split(",")}
        return tuple(action for action in SAFE_ACTIONS if action in given)

    @property
    def factory_address(self) -> str:
        """Of the factory that bakes for the shop: one of its own, or the one under the shop."""
        return (self.factory_url or f"{self.url.rstrip('/')}/factory").rstrip("/")

    @property
    def data_home(self) -> Path:
        return (self.data_dir or default_data_dir()).absolute()


def load(environ: Mapping[str, str] = os.environ) -> Settings:
    """Raises SettingError. An empty variable counts as absent."""
    given: dict[str, Any] = {}
    for field, env, _, _ in describe():
        value = environ.get(env, "")
        if value:
            given[field] = value
    try:
        settings = msgspec.convert(given, Settings, strict=False, dec_hook=_decode)
    except msgspec.ValidationError as error:
        message = str(error)
        for field, env, _, _ in describe():
            message = message.replace(f"`$.{field}`", env)
        raise SettingError(message) from None
    if settings.database_url and not settings.database_url.startswith(("postgresql://", "postgres://")):
        raise SettingError("DATABASE_URL must start with postgresql://")
    if settings.hold_seconds <= settings.order_seconds:
        raise SettingError("JWT_PIZZA_HOLD_SECONDS must be longer than JWT_PIZZA_ORDER_SECONDS")
    unknown = {name.strip() for name in settings.runbook_automatic.split(",")} - {"", *SAFE_ACTIONS}
    if unknown:
        raise SettingError(
            f"JWT_PIZZA_RUNBOOK_AUTOMATIC knows {', '.join(SAFE_ACTIONS)}; not {', '.join(sorted(unknown))}"
        )
    if settings.otlp_endpoint and not settings.otlp_endpoint.startswith(("http://", "https://")):
        raise SettingError("OTEL_EXPORTER_OTLP_ENDPOINT must look like http://host:4318")
    if settings.smtp_url and not settings.smtp_url.startswith(("smtp://", "smtps://")):
        raise SettingError("SMTP_URL must look like smtp://user:password@host:port")
    _check_btcpay(settings)
    for name in ("twilio", "sms2"):
        given_to = [getattr(settings, f"{name}_{part}") for part in ("account_sid", "auth_token", "from")]
        if any(given_to) and not all(given_to):
            prefix = "TWILIO" if name == "twilio" else "JWT_PIZZA_SMS2"
            raise SettingError(f"{prefix}_ACCOUNT_SID, {prefix}_AUTH_TOKEN and {prefix}_FROM go together")
    return settings


def _check_btcpay(settings: Settings) -> None:
    given = (settings.btcpay_url, settings.btcpay_store, settings.btcpay_api_key)
    if any(given) and not all(given):
        raise SettingError("BTCPAY_URL, BTCPAY_STORE and BTCPAY_API_KEY go together")
    if settings.btcpay_url and not _is_web_address(settings.btcpay_url):
        raise SettingError("BTCPAY_URL must look like https://pay.example.com")
    if settings.btcpay_api_key and not re.fullmatch(r"[!-~]+", settings.btcpay_api_key):
        raise SettingError("BTCPAY_API_KEY must be one word of plain characters")


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        # Reading it refuses what is no port.
        plain = parts.port != 0 and not (parts.username or parts.query or parts.fragment)
    except ValueError:
        return False
    return plain and bool(parts.hostname) and parts.scheme in {"http", "https"} and text.isascii() and " " not in text


def describe() -> Iterator[tuple[str, str, str, str]]:
    """(field, environment variable, default, description) of each setting, in order."""
    hints = get_type_hints(Settings, include_extras=True)
    for info in msgspec.structs.fields(Settings):
        meta = next(
            m for m in hints[info.name].__metadata__ if isinstance(m, msgspec.Meta) and m.description is not None
        )
        env = (meta.extra or {}).get("env") or f"JWT_PIZZA_{info.name.upper()}"
        default = "" if info.default is None else str(info.default)
        yield info.name, env, default, meta.description or ""


def default_data_dir() -> Path:
    # Root's home is private, and the database does not run as root: it could not reach its files there.
    if os.geteuid() == 0:
        return Path("/var/lib/jwt-pizza/data")
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    return Path(base).expanduser() / "jwt-pizza"


def _decode(kind: type, value: object) -> object:
    if kind is Path and isinstance(value, str):
        return Path(value).expanduser()
    raise NotImplementedError(kind)
