# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""What is taken out of a text before a person sees it: secrets, in whatever form, and control characters."""

from __future__ import annotations

import base64
import functools
import json
import re
import typing as t
import urllib.parse

MASK = "********"
HIDDEN = "(hidden)"
"""What is shown of an encrypted value."""
_SHORTEST = 4
"""A shorter secret is in every other word."""
COMMON_WORDS = frozenset(
    {
        "true",
        "false",
        "null",
        "none",
        "admin",
        "root",
        "user",
        "users",
        "name",
        "password",
        "passwd",
        "secret",
    }
    | {"token", "test", "default", "local", "value", "error", "string", "number", "object", "array"}
    | {"machine", "machines", "param", "params", "profile", "profiles", "rocketskates"}
    | {"wrong", "unknown", "login", "refused", "changed", "server", "endpoint", "certificate"}
)
"""To mask one of these would hide what a message says, and not that it is somebody's password."""
_SHORTEST_BASE64 = 8
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_URL_CREDENTIALS = re.compile(r"(?<=://)[^/?#\s\"'<>]*(?=@)")

Value = t.TypeVar("Value")


def visible(text: str) -> str:
    """``text`` without what a terminal obeys, such as escape sequences: these are shown instead."""
    return _CONTROL.sub(_escaped, text.replace("\r\n", "\n"))


def is_telling(secret: str) -> bool:
    """Whether a secret is one wherever it appears: neither a few characters, nor a word of any message."""
    return len(secret) >= _SHORTEST and secret.lower() not in COMMON_WORDS


def mask(value: Value, secrets: t.Collection[str]) -> Value:
    """A copy of ``value``, a text or a structure of them, in which no secret is left in any usual form."""
    forms = _ordered_forms(frozenset(filter(is_telling, secrets)))
    if not forms or not _holds_any(value, forms):
        return value
    pattern = re.compile("|".join(map(re.escape, forms)))
    return t.cast(Value, _replaced(value, lambda text: pattern.sub(MASK, text)))


def mask_bytes(body: bytes, secrets: t.Collection[str]) -> bytes:
    """The same for a text that is not decoded yet."""
    text = body.decode("utf-8", "surrogateescape")
    return mask(text, secrets).encode("utf-8", "surrogateescape")


def mask_url_credentials(value: Value) -> Value:
    """A copy of ``value`` in which no URL has a user name or a password."""
    return t.cast(Value, _replaced(value, lambda text: _URL_CREDENTIALS.sub(MASK, text)))


_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_HTML_QUOTES = str.maketrans({'"': "&quot;", "'": "&#x27;"})


def forms_of(secret: str) -> set[str]:
    """``secret`` as it is, and as a program may write it: quoted, escaped, percent- or base64-encoded."""
    data = secret.encode("utf-8", "surrogateescape")
    quoted = {
        urllib.parse.quote(data, safe=""),
        urllib.parse.quote(data),
        urllib.parse.quote_plus(data),
    }
    forms = {
        secret,
        secret.strip(),
        repr(secret)[1:-1],
        repr(data)[2:-1],
        ascii(secret)[1:-1],
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        secret.translate(_HTML),
        secret.translate({**_HTML, **_HTML_QUOTES}),
        *quoted,
        *(re.sub("%[0-9A-F]{2}", lambda match: match.group().lower(), text) for text in quoted),
        *_base64_forms(data),
    }
    return {form for form in forms if len(form) >= _SHORTEST}


def _base64_forms(data: bytes) -> t.Iterator[str]:
    """What a base64 text of something with ``data`` in it must contain, wherever in it that begins."""
    for offset in range(3):
        padded = bytes(offset) + data
        first, end = -(-offset * 8 // 6), len(padded) * 8 // 6
        for encode in (base64.standard_b64encode, base64.urlsafe_b64encode):
            core = encode(padded).decode("ascii")[first:end]
            if len(core) >= _SHORTEST_BASE64:
                yield core


@functools.lru_cache(maxsize=64)
def _ordered_forms(secrets: frozenset[str]) -> tuple[str, ...]:
    """All forms of the secrets, the longest first, so that none is masked in part."""
    forms = {form for secret in secrets for form in forms_of(secret)}
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


def _holds_any(value: t.Any, forms: t.Iterable[str]) -> bool:
    """A quick look at the whole, which hardly ever holds one; True where that cannot be told."""
    if isinstance(value, str):
        return any(form in value for form in forms)
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        return True
    return any(form in text for form in forms)


def _replaced(value: t.Any, replace: t.Callable[[str], str]) -> t.Any:
    if isinstance(value, str):
        return replace(value)
    if isinstance(value, dict):
        return {_replaced(name, replace): _replaced(inner, replace) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_replaced(inner, replace) for inner in value]
    return value


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"  # which within JSON still is JSON
