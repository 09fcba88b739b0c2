"""A length of time in words, the same on every page and in every sentence; pure."""


def in_words(seconds: float) -> str:
    """90 → “1 min 30 s”; below a second in ms, below ten to a tenth."""
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    minutes, rest = divmod(round(seconds, 1) if seconds < 10 else round(seconds), 60)
    hours, minutes = divmod(int(minutes), 60)
    parts = ((hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{part:g} {unit}" for part, unit in parts if part) or "0 s"
