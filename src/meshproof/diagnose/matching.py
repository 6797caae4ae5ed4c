"""Which route takes a call, as Envoy decides it."""

import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from meshproof.diagnose.hop import Hop
from meshproof.observe.envoy import Route, VirtualHost

_PATHS = ("prefix", "path", "safe_regex", "path_separated_prefix")


def host_of(hosts: Iterable[VirtualHost], hop: Hop) -> VirtualHost | None:
    """Return the virtual host that takes calls of this authority: by name, else by pattern, else any."""
    hosts = tuple(hosts)
    names = (hop.authority, f"{hop.authority}:{hop.port}")
    for host in hosts:
        if any(name in host.domains for name in names):
            return host
    for host in hosts:
        patterns = (domain[1:] for domain in host.domains if domain.startswith("*") and len(domain) > 1)
        if any(name.endswith(suffix) for suffix in patterns for name in names):
            return host
    return next((host for host in hosts if "*" in host.domains), None)


def chosen(host: VirtualHost, hop: Hop) -> Route | None:
    """Return the first route that matches the call, or None when none does.

    Raises:
        LookupError: a route asks for something that is not judged here.
    """
    return next((route for route in host.routes if matches(route, hop)), None)


def matches(route: Route, hop: Hop) -> bool:
    """Whether the route takes the call.

    Raises:
        LookupError: it asks for something that is not judged here.
    """
    match = route.match
    path, _, query = hop.path.partition("?")
    if not _path_matches(match, path):
        return False
    headers = {**dict(hop.headers), ":method": hop.method, ":authority": hop.authority, ":path": hop.path}
    if not all(
        _value_matches(header, headers.get(str(header["name"]).lower()))
        for header in match.get("headers", ())
    ):
        return False
    asked = dict(parse_qsl(query, keep_blank_values=True))
    return all(_value_matches(one, asked.get(str(one["name"]))) for one in match.get("query_parameters", ()))


def _path_matches(match: Mapping[str, Any], path: str) -> bool:
    kind = next((kind for kind in _PATHS if kind in match), None)
    if kind is None:
        raise LookupError(f"path of {sorted(match)}")
    wanted = match[kind]
    if kind == "safe_regex":
        return _fullmatch(wanted["regex"], path)
    if match.get("case_sensitive") is False:
        wanted, path = wanted.lower(), path.lower()
    if kind == "path":
        return bool(path == wanted)
    if kind == "path_separated_prefix":
        return path == wanted or path.startswith(f"{wanted}/")
    return path.startswith(wanted)


def _value_matches(matcher: Mapping[str, Any], value: str | None) -> bool:
    """Judge one header or parameter; None: the call has none of that name."""
    inverted = bool(matcher.get("invert_match"))
    if "present_match" in matcher:
        return (value is not None) is (bool(matcher["present_match"]) is not inverted)
    if value is None and not matcher.get("treat_missing_header_as_empty"):
        return inverted and "string_match" in matcher
    return _text_matches(matcher.get("string_match", {}), value or "") is not inverted


def _text_matches(matcher: Mapping[str, Any], value: str) -> bool:
    if matcher.get("ignore_case"):
        matcher = {kind: text.lower() if isinstance(text, str) else text for kind, text in matcher.items()}
        value = value.lower()
    if "exact" in matcher:
        return bool(value == matcher["exact"])
    if "prefix" in matcher:
        return value.startswith(matcher["prefix"])
    if "suffix" in matcher:
        return value.endswith(matcher["suffix"])
    if "contains" in matcher:
        return matcher["contains"] in value
    if "safe_regex" in matcher:
        return _fullmatch(matcher["safe_regex"]["regex"], value)
    raise LookupError(f"value of {sorted(matcher)}")


def _fullmatch(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error as error:  # RE2 knows a few things that Python does not
        raise LookupError(pattern) from error
