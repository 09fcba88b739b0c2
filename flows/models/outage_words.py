"""Why nothing is sent with a connection at this moment, as a clause; times are UTC."""

from datetime import datetime, timedelta

from .asset import Connection

NAMES_THE_DAY_AFTER = timedelta(hours=20)


def outage(connection: Connection, *, now: datetime) -> str:
    """Empty while it is not down."""
    since = connection.down_since
    if since is None:
        return ""
    is_recent = now - since < NAMES_THE_DAY_AFTER
    when = f"{since:%H:%M}" if is_recent else f"{since:%-d %B, %H:%M}"
    why = f" ({connection.last_error.rstrip('.')})" if connection.last_error else ""
    return f"{connection.name} has been down since {when} UTC{why}"
