# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The sprig functions that content packs use, and their near relatives."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
import string
import uuid
from collections.abc import Callable
from typing import Any

from .values import TemplateError, integer, number, text, to_json, truth


def _set(mapping: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    mapping[key] = value
    return mapping


def _unset(mapping: dict[str, Any], key: str) -> dict[str, Any]:
    mapping.pop(key, None)
    return mapping


def _dict(*pairs: Any) -> dict[str, Any]:
    return {text(k): v for k, v in zip(pairs[::2], (*pairs[1::2], ""), strict=False)}


def _merge(target: dict[str, Any], *sources: dict[str, Any]) -> dict[str, Any]:
    for source in sources:
        for key, value in source.items():
            target.setdefault(key, value)
    return target


def _uniq(values: list[Any]) -> list[Any]:
    out: list[Any] = []
    for value in values:
        if value not in out:
            out.append(value)
    return out


def _split(separator: str, value: str) -> dict[str, str]:
    return {f"_{i}": part for i, part in enumerate(value.split(separator))}


def _coalesce(*values: Any) -> Any:
    return next((value for value in values if truth(value)), None)


def _indent(width: int, value: str) -> str:
    pad = " " * width
    return pad + value.replace("\n", "\n" + pad)


def _regex(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as problem:
        raise TemplateError(f"error parsing regexp: {problem}") from None


def _regex_find(pattern: str, value: str) -> str:
    match = _regex(pattern).search(value)
    return match.group() if match else ""


def _regex_replace(pattern: str, value: str, replacement: str) -> str:
    return _regex(pattern).sub(re.sub(r"\$\{?(\w+)\}?", r"\\g<\1>", replacement), value)


def _kind(value: Any) -> str:
    names: list[tuple[type, str]] = [
        (bool, "bool"), (str, "string"), (int, "int"), (float, "float64"), (list, "slice"), (dict, "map")
    ]  # fmt: skip
    return next((name for kind, name in names if isinstance(value, kind)), "invalid")


def _until(stop: int, start: int = 0, step: int = 1) -> list[int]:
    return list(range(start, stop, step))


def _random(alphabet: str) -> Callable[[int], str]:
    return lambda count: "".join(random.choices(alphabet, k=count))


def _divide(one: Any, two: Any) -> int:
    return int(integer(one) / integer(two))


STRINGS: dict[str, Callable[..., Any]] = {
    "b64dec": lambda value: base64.b64decode(value).decode(),
    "b64enc": lambda value: base64.b64encode(value.encode()).decode(),
    "cat": lambda *values: " ".join(text(v) for v in values if v is not None),
    "contains": lambda part, value: part in value,
    "hasPrefix": lambda part, value: value.startswith(part),
    "hasSuffix": lambda part, value: value.endswith(part),
    "indent": _indent,
    "join": lambda separator, values: separator.join(text(v) for v in values or []),
    "lower": lambda value: text(value).lower(),
    "nindent": lambda width, value: "\n" + _indent(width, value),
    "nospace": lambda value: re.sub(r"\s", "", value),
    "quote": lambda *values: " ".join(to_json(text(v)) for v in values if v is not None),
    "randAlpha": _random(string.ascii_letters),
    "randAlphaNum": _random(string.ascii_letters + string.digits),
    "randNumeric": _random(string.digits),
    "regexFind": _regex_find,
    "regexFindAll": lambda pattern, value, count: _regex(pattern).findall(value)[
        : count if count >= 0 else None
    ],
    "regexMatch": lambda pattern, value: bool(_regex(pattern).search(value)),
    "regexReplaceAll": _regex_replace,
    "regexReplaceAllLiteral": lambda pattern, value, new: _regex(pattern).sub(lambda _: new, value),
    "regexSplit": lambda pattern, value, count: _regex(pattern).split(
        value, max(count - 1, 0) if count > 0 else 0
    ),
    "repeat": lambda count, value: value * integer(count),
    "replace": lambda old, new, value: value.replace(old, new),
    "sha1sum": lambda value: hashlib.sha1(value.encode()).hexdigest(),
    "sha256sum": lambda value: hashlib.sha256(value.encode()).hexdigest(),
    "split": _split,
    "splitList": lambda separator, value: value.split(separator),
    "squote": lambda *values: " ".join(f"'{text(v)}'" for v in values if v is not None),
    "substr": lambda start, end, value: value[start:] if end < 0 else value[start:end],
    "title": lambda value: value.title(),
    "toString": text,
    "toStrings": lambda values: [text(v) for v in values],
    "trim": lambda value: value.strip(),
    "trimAll": lambda cut, value: value.strip(cut),
    "trimPrefix": lambda part, value: value.removeprefix(part),
    "trimSuffix": lambda part, value: value.removesuffix(part),
    "trunc": lambda count, value: value[count:] if count < 0 else value[:count],
    "upper": lambda value: text(value).upper(),
    "uuidv4": lambda: str(uuid.uuid4()),
}

LISTS: dict[str, Callable[..., Any]] = {
    "append": lambda values, value: [*values, value],
    "compact": lambda values: [v for v in values if truth(v)],
    "concat": lambda *lists: [v for one in lists for v in one],
    "dict": _dict,
    "first": lambda values: values[0] if values else None,
    "get": lambda mapping, key: mapping.get(key, ""),
    "has": lambda value, values: value in (values or []),
    "hasKey": lambda mapping, key: key in mapping,
    "initial": lambda values: values[:-1],
    "keys": lambda *maps: [k for one in maps for k in one],
    "last": lambda values: values[-1] if values else None,
    "list": lambda *values: list(values),
    "merge": _merge,
    "omit": lambda mapping, *names: {k: v for k, v in mapping.items() if k not in names},
    "pick": lambda mapping, *names: {k: v for k, v in mapping.items() if k in names},
    "pluck": lambda name, *maps: [one[name] for one in maps if name in one],
    "prepend": lambda values, value: [value, *values],
    "push": lambda values, value: [*values, value],
    "rest": lambda values: values[1:],
    "reverse": lambda values: values[::-1],
    "set": _set,
    "sortAlpha": lambda values: sorted(text(v) for v in values),
    "tuple": lambda *values: list(values),
    "uniq": _uniq,
    "unset": _unset,
    "until": _until,
    "untilStep": lambda start, stop, step: _until(stop, start, step),
    "values": lambda mapping: list(mapping.values()),
    "without": lambda values, *unwanted: [v for v in values if v not in unwanted],
}

OTHERS: dict[str, Callable[..., Any]] = {
    "add": lambda *values: sum(integer(v) for v in values),
    "add1": lambda value: integer(value) + 1,
    "atoi": integer,
    "coalesce": _coalesce,
    "deepEqual": lambda one, two: one == two,
    "default": lambda fallback, value=None: value if truth(value) else fallback,
    "div": _divide,
    "empty": lambda value: not truth(value),
    "fail": lambda message: (_ for _ in ()).throw(TemplateError(message)),
    "float64": lambda value: float(number(value)),
    "fromJson": lambda value: json.loads(value),
    "int": integer,
    "int64": integer,
    "kindIs": lambda kind, value: _kind(value) == kind,
    "kindOf": _kind,
    "max": lambda *values: max(integer(v) for v in values),
    "min": lambda *values: min(integer(v) for v in values),
    "mod": lambda one, two: integer(one) % integer(two),
    "mul": lambda first, *values: integer(first) * (1 if not values else _product(values)),
    "sub": lambda one, two: integer(one) - integer(two),
    "ternary": lambda yes, no, value: yes if truth(value) else no,
    "toJson": to_json,
    "toPrettyJson": lambda value: to_json(value, indent=2),
    "typeOf": _kind,
}


def _product(values: tuple[Any, ...]) -> int:
    out = 1
    for value in values:
        out *= integer(value)
    return out


# assumption: functions that are missing here make a template invalid, a real server knows more of them
SPRIG: dict[str, Callable[..., Any]] = {**STRINGS, **LISTS, **OTHERS}
