"""Takes out of a text what would let others in. It hides only what it recognises: collect no secrets."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

HIDDEN = "(hidden)"

SHORTEST = 6
"""A known secret shorter than this is no secret: hiding it would tear words apart."""

_NAMES = (
    r"(?:[a-z0-9]+[-_.]){0,6}(?:authorization|cookie|set-cookie|jwt|pwd|signature|credentials?|"
    r"[a-z0-9]*(?:passwd|password|passphrase|secret|token)|(?:api|access|private|client)[-_]?key(?:[-_]?data)?|"
    r"session[-_]?id)(?:[-_.][a-z0-9]+){0,6}"
)

_SECRET_NAME = re.compile(_NAMES, re.IGNORECASE)

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL
        ),
        HIDDEN,
    ),
    # A whole object lies behind it, with whatever somebody once applied.
    (re.compile(rf"({re.escape(_LAST_APPLIED)}\\?[\"']?\s*[:=]\s*).*"), rf"\1{HIDDEN}"),
    (re.compile(r"(?<=://)[^\s/@\"'\\]+(?=@)"), HIDDEN),
    (
        re.compile(r"\b(Bearer|Basic|Digest|Negotiate)(\s+|%20)[A-Za-z0-9._~+/=:-]{6,}", re.IGNORECASE),
        rf"\1\2{HIDDEN}",
    ),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?"), HIDDEN),
    # A header's or a field's value, quoted or not, with the quotes of JSON within JSON.
    (
        re.compile(rf"(?<![A-Za-z0-9])({_NAMES}\\?[\"']?\s*[:=]\s*\\?[\"'])[^\"'\\]+", re.IGNORECASE),
        rf"\1{HIDDEN}",
    ),
    (
        re.compile(
            rf"(?<![A-Za-z0-9])({_NAMES}\s*[:=]\s*)(?:(?:Bearer|Basic|Digest|Negotiate)\s+)?"
            r"(?![\"'\\(])[^\s,;&\"'\\]+",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    # A pair of a name and a value, as Envoy and Kubernetes write headers and variables.
    (
        re.compile(
            rf"(\"(?:key|name|header_name)\":\s*\"{_NAMES}\",\s*\"(?:value|raw_value)\":\s*\")[^\"]*",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
)


def secret_name(name: str) -> bool:
    """Whether what goes by this name (a header, a variable, a field) is kept from others."""
    return _SECRET_NAME.fullmatch(name) is not None


def redact(text: str, known: Iterable[str] = ()) -> str:
    """Return the text without credentials.

    Args:
        text: any.
        known: secrets themselves, wherever they stand.
    """
    for secret in sorted({secret for secret in known if len(secret) >= SHORTEST}, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def redact_document(value: Any, known: Iterable[str] = ()) -> Any:
    """Return a JSON document without credentials: what secret names stand for, and what texts hold."""
    known = tuple(known)
    if isinstance(value, Mapping):
        names = [str(value[key]) for key in ("key", "name", "header_name") if isinstance(value.get(key), str)]
        named = any(secret_name(name) for name in names)
        return {
            key: HIDDEN
            if key == _LAST_APPLIED
            or (isinstance(inner, str | int) and (secret_name(str(key)) or (named and key in _VALUES)))
            else _hidden_matches(inner, known)
            if named and key in _MATCHES
            else redact_document(inner, known)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [redact_document(inner, known) for inner in value]
    return redact(value, known) if isinstance(value, str) else value


_VALUES = frozenset({"value", "raw_value", "exact_match", "prefix_match", "contains_match"})
_MATCHES = frozenset({"string_match", "safe_regex_match"})


def _hidden_matches(value: Any, known: Iterable[str]) -> Any:
    """Return what a header of a secret name is compared with, hidden however deep it lies."""
    if isinstance(value, Mapping):
        return {key: _hidden_matches(inner, known) for key, inner in value.items()}
    return HIDDEN if isinstance(value, str) else value
