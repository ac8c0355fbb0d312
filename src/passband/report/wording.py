"""Numbers as words: one way of writing a value, an interval, a time or a count, everywhere on the page."""

from math import isfinite

MINUS = "−"
MISSING = "–"


def number(value: float, digits: int = 2) -> str:
    """A value with fixed digits and a typographic minus; a dash where there is none."""
    if not isfinite(value):
        return MISSING
    text = f"{value:.{digits}f}"
    return MINUS + text[1:] if text.startswith("-") and float(text) else text.lstrip("-")


def signed(value: float, digits: int = 2) -> str:
    """A value with its sign, also where it is positive."""
    text = number(value, digits)
    return text if text == MISSING or text.startswith(MINUS) or not float(text) else f"+{text}"


def interval(low: float, high: float, digits: int = 2) -> str:
    """Two ends, joined by "to" so that a minus stays readable; empty where either is missing."""
    return f"{number(low, digits)} to {number(high, digits)}" if isfinite(low) and isfinite(high) else ""


def plain(value: float) -> str:
    """As few digits as say it (at most 4): positions on an axis, learning rates."""
    return f"{value:.4g}".replace("-", MINUS) if isfinite(value) else MISSING


def duration(seconds: float) -> str:
    """A time in the two units that matter, such as 3 min 12 s or 2 h 5 min."""
    if not isfinite(seconds):
        return MISSING
    if seconds < 10:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60:,} h {minutes % 60} min"


def count(n: int, noun: str) -> str:
    """1 network, 12,000 networks."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def listed(words: list[str]) -> str:
    """a, b and c."""
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


def typographic(text: str) -> str:
    """A hyphen before a digit at the start of a word is a minus."""
    words = text.split(" ")
    return " ".join(MINUS + word[1:] if word[:1] == "-" and word[1:2].isdigit() else word for word in words)
