"""Log lines as one JSON object each; it only formats and never decides what is worth a line.

A line has a fixed `action` name (the message) and ids as fields; never a body or a secret.
"""

import json
import logging
import re
from datetime import UTC, datetime

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {
    "message",
    "asctime",
    "taskName",
    "request",  # Django's own lines carry the whole request
}


# Below a receipt address stands its key, and in its query what a carrier says of people.
_RECEIPT_ADDRESS = re.compile(r"(/hooks/[0-9A-Za-z-]+)[/?][^\s\"']+")


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "action": record.getMessage(),
        }
        line |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return _RECEIPT_ADDRESS.sub(r"\1/***", json.dumps(line, default=str))
