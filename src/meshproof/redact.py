"""Takes out of a text what would let others in. It hides only what it recognises: collect no secrets.

Behind a name that promises a secret too much is hidden rather than too little. What is hidden once passes
again unchanged: results are redacted when they are written and when they are read.
"""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, quote_plus

HIDDEN = "(hidden)"

SHORTEST = 6
"""A known secret shorter than this is no secret: hiding it would tear words apart."""

_NAMES = (
    r"(?:[a-z0-9]+[-_.]){0,6}(?:authorization|cookies?|jwt|pwd|signature|credentials?|passwords|"
    r"[a-z0-9]*(?:passwd|password|passphrase|secret|token)|(?:api|access|private|client)[-_]?key(?:[-_]?data)?|"
    r"session[-_]?id)(?:[-_.][a-z0-9]+){0,6}"
)
_SECRET_NAME = re.compile(_NAMES, re.IGNORECASE)
# Limits of rates, references to secrets that lie elsewhere, and Envoy's filters.
_NO_SECRET = re.compile(r"(?:.*_)?(?:token_bucket|sds_secret_configs?)|envoy\..*", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"\[[\"']?([^\[\]\"']*)[\"']?\]")
_SECRET_OPTION = re.compile(rf"--?{_NAMES}", re.IGNORECASE)

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

_SCHEMES = "Bearer|Basic|Digest|Negotiate|Token|ApiKey"
_TELLS_NOTHING = re.compile(
    rf"\s*(?:{re.escape(HIDDEN)}|true|false|null|none|nil|{_SCHEMES})?\s*", re.IGNORECASE
)

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----.*?"
            r"(?:-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|\Z)",
            re.DOTALL,
        ),
        HIDDEN,
    ),
    # Up to the last @ before the path; beyond a slash only where a password must have begun, and no port.
    (
        re.compile(
            r"(?<=://)(?:[^\s/?#\"'\\]{1,1000}|(?!\[)[^\s/?#@:\"'\\]{0,1000}:(?!\d*[/?#])[^\s\"'\\]{1,1000})(?=@)"
        ),
        HIDDEN,
    ),
    (
        re.compile(r"\b(Bearer|Basic|Digest|Negotiate)(\s+|%20)[A-Za-z0-9._~+/=:-]{6,}", re.IGNORECASE),
        rf"\1\2{HIDDEN}",
    ),
    (re.compile(r"\beyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{4,}(?:\.[A-Za-z0-9_-]*)?"), HIDDEN),
    # A pair of a name and a value, as Envoy and Kubernetes write headers and variables.
    (
        re.compile(
            rf"(\"(?:key|name|header_name)\":\s*\"{_NAMES}\",\s*\"(?:value|raw_value)\":\s*\")"
            r"(?:\\.|[^\"\\])+",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    (
        re.compile(
            rf"(\b(?:key|name|header_name):[ \t]*[\"']?{_NAMES}[\"']?[ \t]*"
            r"\n[ \t]*(?:raw_)?value:[ \t]*)\S.*",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
    # What a script hands to a function, and a program to its options.
    (
        re.compile(rf"(\(\s*([\"']){_NAMES}\2\s*,\s*([\"']))(?:\\.|(?!\3)[^\\\n])+", re.IGNORECASE),
        rf"\1{HIDDEN}",
    ),
    (
        re.compile(
            rf"((?<![\w-])--?{_NAMES}(?:[ \t]+|\\*[\"'],[ \t]*)(\\*[\"'])?)"
            rf"(?!-|{re.escape(HIDDEN)})(?:(?!\\*[\"'])(?:\S|(?(2)[ \t]|\S)))+",
            re.IGNORECASE,
        ),
        rf"\1{HIDDEN}",
    ),
)

_NAMED = re.compile(
    rf"(?<![A-Za-z0-9])(?P<name>{re.escape(_LAST_APPLIED)}|{_NAMES})"
    r"(?P<sign>\\*[\"']?[\])]{0,2}[ \t]*(?:=>|:=|[!~=]=|%3[ad]|[:=])[ \t]*)",
    re.IGNORECASE,
)
_STRING = (
    r"(?P<quote>\\*[\"'])"
    # Within a string of a string the quotes have more backslashes than those that end it.
    r"(?P<text>(?:(?<=\")(?<!\\\")(?:\\.|[^\"\\\n])*|(?:(?!(?<!\\)(?P=quote))[^\n])*))(?P<end>(?P=quote))?"
)
_QUOTED = re.compile(_STRING)
_TOKEN = re.compile(
    rf"(?P<open>[\[{{])|(?P<close>[\]}}])|{_STRING}|(?P<bare>[^\s,:\[\]{{}}\"'\\]+)|(?P<rest>[\s\S])"
)
_OPENING = re.compile(r"(?:map)?(?=[\[{])")
_COLON = re.compile(r"[ \t]*:")
# The values of these may have spaces, commas and semicolons in them.
_WHOLE_LINE = re.compile(rf".*(?:authorization|cookies?)|{re.escape(_LAST_APPLIED)}", re.IGNORECASE)
_HIDDEN_BEFORE = re.compile(rf"{re.escape(HIDDEN)}(?=  |\\*[\"']|\s*(?:\n|\Z))")
_WORD = re.compile(
    rf"(?:(?:{_SCHEMES})[ \t]+)?"
    r"(?:[^\s,;&\"'\\]|[,;&](?=[^\s,;&\"'\\])(?![\w.-]+\\*[\"']?[=:])|\\(?!\\{0,9}[\"'])|[\"'](?=\w))+",
    re.IGNORECASE,
)
_LITERAL = re.compile(
    rf"(?:true|false|null|none|nil|{re.escape(HIDDEN)})(?=[\s,;&\"'\\)\]}}]|\Z)", re.IGNORECASE
)
_QUOTE = re.compile(r"\\+[\"']|\"|(?<!\w)'|'(?!\w)")

_LONGEST = 4000
"""Characters over which the end of a bracket is looked for in other lines, and the start of a string."""


def secret_name(name: str) -> bool:
    """Whether what goes by this name (a header, a variable, a field) is kept from others.

    A name may stand in brackets, as in request.headers[x-api-key].
    """
    return any(
        _SECRET_NAME.fullmatch(one) and not _NO_SECRET.fullmatch(one)
        for one in (name, *_IN_BRACKETS.findall(name))
    )


def redact(text: str, known: Iterable[str] = ()) -> str:
    """Return the text without credentials.

    Args:
        text: any.
        known: secrets themselves, wherever they stand, also as JSON and URLs write them.
    """
    forms = {form for secret in known if len(secret) >= SHORTEST for form in _forms(secret)}
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return _without_named(text)


def redact_document(value: Any, known: Iterable[str] = ()) -> Any:
    """Return a JSON document without credentials: every leaf below a secret name, and what texts hold.

    What cannot be a credential stays: null, true, false, an empty text, the bare name of a scheme.
    """
    return _document(value, tuple(known), hide=False)


_NAMING = frozenset({"key", "name", "header", "header_name", "headerName"})
_VALUES = frozenset(
    {"value", "values", "notValues", "not_values", "raw_value", "exact", "prefix", "suffix", "contains"}
    | {"regex", "exact_match", "prefix_match", "suffix_match", "contains_match", "string_match"}
    | {"safe_regex_match"}
)


def _forms(secret: str) -> tuple[str, ...]:
    written = (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    return secret, *written, quote(secret, safe=""), quote_plus(secret)


def _document(value: Any, known: tuple[str, ...], *, hide: bool) -> Any:
    if isinstance(value, Mapping):
        named = any(isinstance(value.get(key), str) and secret_name(value[key]) for key in _NAMING)
        return {
            key: _document(
                inner,
                known,
                hide=hide or key == _LAST_APPLIED or secret_name(str(key)) or (named and str(key) in _VALUES),
            )
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        options = [isinstance(one, str) and _SECRET_OPTION.fullmatch(one) is not None for one in value]
        return [
            _document(inner, known, hide=hide or after)
            for inner, after in zip(value, [False, *options], strict=False)
        ]
    if hide:
        leaf = value is None or isinstance(value, bool)
        return value if leaf or _TELLS_NOTHING.fullmatch(str(value)) else HIDDEN
    return redact(value, known) if isinstance(value, str) else value


def _without_named(text: str) -> str:
    """Return a text without what stands behind secret names."""
    parts, at = [], 0
    while match := _NAMED.search(text, at):
        shown, end = "", match.end()
        if not _names_something_else(text, match):
            shown, end = _value(text, match)
        parts += [text[at : match.end()], shown]
        at = end
    return "".join([*parts, text[at:]])


def _names_something_else(text: str, match: re.Match[str]) -> bool:
    """Whether the name is that of a host before its port, or only sounds like a secret's."""
    port = match["sign"] == ":" and text[match.end() : match.end() + 1].isdigit()
    return (port and text[: match.start()].endswith("://")) or bool(_NO_SECRET.fullmatch(match["name"]))


def _value(text: str, match: re.Match[str]) -> tuple[str, int]:
    """Return what is shown of the value behind a name, and where the value ends."""
    at = match.end()
    if opening := _OPENING.match(text, at):
        shown, end = _structure(text, opening.end())
        return opening[0] + shown, end
    if block := _block(text, match):
        return block
    if found := _QUOTED.match(text, at):
        return _string(found), found.end()
    literal = _LITERAL.match(text, at)
    # Behind a name in quotes it is JSON's; elsewhere a line may go on.
    if _WHOLE_LINE.fullmatch(match["name"]) and not (literal and match["sign"].lstrip("\\")[0] in "\"'"):
        return _line(text, at)
    if found := literal or _WORD.match(text, at):
        return (found[0] if _TELLS_NOTHING.fullmatch(found[0]) else HIDDEN), found.end()
    return "", at


def _string(found: re.Match[str]) -> str:
    shown = found["text"] if _TELLS_NOTHING.fullmatch(found["text"]) else HIDDEN
    return f"{found['quote']}{shown}{found['end'] or ''}"


def _block(text: str, match: re.Match[str]) -> tuple[str, int] | None:
    """Return a block of YAML, `|` and the lines below it that are further in than its name."""
    line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
    within = len(line) - len(line.lstrip(" "))
    further = rf" {{{within + 1},}}"
    lines = rf"{further}\S.*(?:\n(?:{further}\S.*|[ \t]*(?=\n{further})))*"
    block = re.compile(rf"([|>][-+0-9]*[ \t]*\n)({further}){lines.removeprefix(further)}")
    found = block.match(text, match.end())
    return (f"{found[1]}{found[2]}{HIDDEN}", found.end()) if found else None


def _line(text: str, at: int) -> tuple[str, int]:
    """Hide up to the end of the line, or of the string that the name stands in."""
    if found := _HIDDEN_BEFORE.match(text, at):
        return HIDDEN, found.end()
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    around = ""
    begin = max(text.rfind("\n", 0, at) + 1, at - _LONGEST)
    for one in _QUOTE.findall(text[begin:at]):
        around = "" if one == around else around or one
    if around and (closing := re.compile(rf"(?<!\\){re.escape(around)}").search(text, at, end)):
        end = closing.start()
    return (text[at:end] if _TELLS_NOTHING.fullmatch(text[at:end]) else HIDDEN), end


def _structure(text: str, at: int) -> tuple[str, int]:
    """Hide every leaf up to the bracket that closes the one at this place, else up to the end of the line."""
    line = text.find("\n", at)
    line = len(text) if line < 0 else line
    limit = max(line, at + _LONGEST)
    if not any(text.count(closing, line, limit) for closing in "]}"):
        limit = line
    open_, parts = "", list[str]()
    first_line: tuple[str, int] | None = None
    while at < min(limit, len(text)) and (token := _TOKEN.match(text, at)):
        if at >= line and first_line is None:
            first_line = "".join(parts), at
        at = token.end()
        if token["open"]:
            open_ += token[0]
        elif token["close"]:
            open_ = open_[:-1]
        key = open_.endswith("{") and _COLON.match(text, at)
        leaf = token["bare"] is not None and not key and not _TELLS_NOTHING.fullmatch(token[0])
        parts.append(HIDDEN if leaf else _string(token) if token["quote"] and not key else token[0])
        if not open_:
            return "".join(parts), at
    return first_line or ("".join(parts), at)
