"""Executions as lines of CSV. Cells can never become formulas of a spreadsheet."""

import csv
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from flows import timeline
from flows.models import Execution
from flows.recipients import mask

COLUMNS = (
    "invocation_id", "request_id", "flow", "version", "test", "recipient", "status", "outcome",
    "delivered_by", "delivered_step", "delivered_twice", "reason", "accepted_at", "ended_at",
    "seconds",
)  # fmt: skip
# Also as wide characters: spreadsheets in East Asia read them alike.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")


class Echo:
    """A file that gives back what is written to it; csv.writer needs no more."""

    def write(self, line: str) -> str:
        return line


def csv_of(executions: Iterable[Execution], *, with_numbers: bool) -> Iterator[str]:
    """The header line, then one line an execution."""
    writer = csv.writer(Echo())
    yield writer.writerow(COLUMNS)
    for execution in executions:
        cells = _cells(execution, with_numbers=with_numbers)
        yield writer.writerow([safe(cell) for cell in cells])


def safe(cell: object) -> str:
    """The cell as text that no spreadsheet takes for a formula."""
    text = str(cell)
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _cells(execution: Execution, *, with_numbers: bool) -> tuple[object, ...]:
    number = execution.recipient
    step = execution.outcome_step
    return (
        execution.public_id,
        execution.request_id,
        execution.flow.title,
        execution.version.number,
        "yes" if execution.is_test_send or execution.kind == "test" else "no",
        number if with_numbers else mask(number),
        execution.state,
        execution.outcome,
        timeline.CHANNELS.get(execution.outcome_channel, ""),
        "" if step is None else step + 1,
        "yes" if execution.delivered_twice else "no",
        execution.reason,
        _written(execution.created_at),
        _written(execution.ended_at),
        _seconds(execution),
    )


def _written(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds") if at else ""


def _seconds(execution: Execution) -> object:
    if execution.ended_at is None:
        return ""
    return round((execution.ended_at - execution.created_at).total_seconds(), 3)
