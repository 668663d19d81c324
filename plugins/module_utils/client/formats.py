# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Text to objects and back: YAML or JSON written by people, JSON written by the server."""

from __future__ import annotations

import contextlib
import functools
import json
import math
import re
import typing as t

from . import models
from .errors import UsageError
from .third_party import require_packages, yaml

Json = t.Any

_INTEGER = re.compile(r"^(?:[-+]?0b[0-1_]+|[-+]?0x[0-9a-fA-F_]+|[-+]?0[0-7_]*|[-+]?[1-9][0-9_]*)$")
_FLOAT = re.compile(
    r"^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)


def decode_yaml(text: str | bytes, kind: str | None = None, source: str = "the YAML text") -> Json:
    """Decode what a user wrote, YAML or JSON, by the rules of JSON.

    Times stay text and ``12:30`` is not a number, as in the tools users come from; tabs are
    accepted where those accept them.  With ``kind`` the members are fitted to that model as the
    reference client fits them (see :func:`normalize`).  Raises UsageError naming ``source``, line and
    column.  Never use it for what the server sends.
    """
    try:
        document = _load(text)
        # Not everything that YAML can say is JSON: .inf, !!set, a list in itself.
        json.dumps(document, allow_nan=False)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise UsageError(f"Cannot read {source}{where}: {error.problem or error.context}") from error
    except (yaml.YAMLError, ValueError, TypeError, RecursionError) as error:
        raise UsageError(f"Cannot read {source}: {' '.join(str(error).split())}") from error
    return normalize(kind, document, source) if kind else document


def normalize(kind: str, document: Json, source: str = "the document") -> dict[str, Json]:
    """The members of ``document`` that ``kind`` has, in the model's spelling.

    Names match in any letter case, unknown ones are dropped, and YAML scalars become text where
    the model wants text.  Kinds that are not in the table come back unchanged.
    """
    if not isinstance(document, dict):
        raise UsageError(f"{source} must hold one object with members, not {type(document).__name__}")
    model = models.find(kind)
    if model is None:
        return dict(document)
    fitted = {}
    for name, value in document.items():
        field = model.spelling(str(name))
        if field is not None:
            fitted[field] = _text(value) if model.fields[field] in models.TEXT_TYPES else value
    return fitted


def pretty(form: str, value: Json) -> str:
    """``value`` as ``json`` (indented by two) or ``yaml``, both with sorted keys, or as ``go`` source.

    Raises UsageError for any other form.
    """
    if form == "json":
        return json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False)
    if form == "yaml":
        require_packages("PyYAML")
        return yaml.safe_dump(value, sort_keys=True, allow_unicode=True, default_flow_style=False)
    if form == "go":
        body = pretty("yaml", value).replace("`", '` + "`" + `')
        return f"package main\n\nvar content = `\n{body}`\n"
    raise UsageError(f"Unknown pretty format {form}")


def first_document(body: bytes) -> Json:
    """The first JSON document in ``body``; what follows it is ignored.

    A v3.12 server sends two documents for a static index.  None for an empty body; ValueError
    when it does not start with a whole document, and for what Python reads and JSON has not: NaN, numbers
    too large to be one, halves of surrogate pairs.
    """
    text = body.decode("utf-8").lstrip()
    if not text:
        return None
    try:
        document = _STRICT_DECODER.raw_decode(text)[0]
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if _SURROGATE.search(text):
        json.dumps(document, ensure_ascii=False).encode()
    return document


def _finite(number: str) -> float:
    value = float(number)
    if not math.isfinite(value):
        raise ValueError(f"{number} is no number")
    return value


_STRICT_DECODER = json.JSONDecoder(parse_constant=_finite, parse_float=_finite)
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def _load(text: str | bytes) -> Json:
    """JSON where it is JSON: YAML reads neither its surrogate pairs nor a bare DEL."""
    require_packages("PyYAML")
    if text.lstrip()[:1] in ("{", "[", b"{", b"["):
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(text)
    return yaml.load(text, Loader=_loader())


def _text(value: Json) -> Json:
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    return value


@functools.lru_cache(maxsize=1)
def _loader() -> type:
    """A safe loader without YAML's dates and base-60 numbers, and with Go's idea of a tab."""
    base: t.Any = getattr(yaml, "CSafeLoader", None) or _tab_tolerant_loader()

    class Loader(base):  # type: ignore[misc]
        def construct_mapping(self, node: t.Any, deep: bool = False) -> dict[str, Json]:
            members = super().construct_mapping(node, deep).items()
            return {name if isinstance(name, str) else json.dumps(name): value for name, value in members}

    replaced = {"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:int", "tag:yaml.org,2002:float"}
    Loader.yaml_implicit_resolvers = {
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in replaced]
        for first, resolvers in base.yaml_implicit_resolvers.items()
    }
    Loader.add_implicit_resolver("tag:yaml.org,2002:int", _INTEGER, list("-+0123456789"))
    Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+0123456789."))
    return Loader


def _tab_tolerant_loader() -> type:
    """PyYAML's own scanner, which refuses every tab, taught the rule of the C library."""

    class TabTolerant(yaml.SafeLoader):
        def scan_to_next_token(self) -> None:
            while True:
                super().scan_to_next_token()
                if self.peek() != "\t" or not (self.flow_level or not self.allow_simple_key):
                    return
                while self.peek() in " \t":
                    self.forward()

    return TabTolerant
