"""The history of a sender in words, from its audit entries; makes no query."""

from flows.models import AuditEntry

_DONE = {
    "sender.create": "Registered",
    "sender.change": "Changed",
    "sender.submit": "Handed in for approval",
    "sender.withdraw": "Request taken back",
    "sender.approve": "Approved",
    "sender.reject": "Rejected",
    "sender.pause": "Paused",
    "sender.resume": "Resumed",
    "sender.delete": "Deleted",
    "sender.restore": "Restored",
}
_FIELDS = {
    "identifier": "number or Sender ID",
    "connection": "connection",
    "carrier_id": "ID at the carrier",
    "display_name": "display name",
    "generation": "generation",
    "country": "country",
    "dlt_entity_id": "DLT entity ID",
}


def history(entry: AuditEntry) -> str:
    """What happened, and by whom; an answer that nobody gave is the Sandbox's."""
    done = _DONE.get(entry.action, entry.action)
    who = str(entry.actor) if entry.actor else "the Sandbox" if _is_answer(entry) else "somebody"
    sentence = f"{done} by {who}"
    after = entry.after if isinstance(entry.after, dict) else {}
    if reason := after.get("reason"):
        return f"{sentence}: {reason}"
    if entry.action == "sender.change" and (changes := _changes(entry)):
        return f"{sentence}: {'; '.join(changes)}"
    return f"{sentence}."


def _is_answer(entry: AuditEntry) -> bool:
    return entry.action.endswith((".approve", ".reject"))


def _changes(entry: AuditEntry) -> list[str]:
    before = entry.before if isinstance(entry.before, dict) else {}
    after = entry.after if isinstance(entry.after, dict) else {}
    return [
        f"{words} from {before.get(name) or 'none'} to {after.get(name) or 'none'}"
        for name, words in _FIELDS.items()
        if before.get(name) != after.get(name)
    ]
