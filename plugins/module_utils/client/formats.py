# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""Text to objects and back: YAML or JSON written by people, JSON written by the server."""

from __future__ import annotations

import contextlib
import json
import math
import typing as t

from . import models
from .errors import UsageError
from .third_party import require_packages, yaml
from .typed import yaml_reader
from .typed.json_values import require_json

Json = t.Any


def decode_yaml(text: str | bytes, kind: str | None = None, source: str = "the YAML text") -> Json:
    """Decode what a user wrote, YAML or JSON, by the rules of JSON.

    It is read as the tools do that users come from (see :mod:`.typed.yaml_reader`): times stay text,
    ``12:30`` and ``1e3`` are no numbers, and tabs are accepted where those accept them.  With ``kind`` the
    members are fitted to that model as the reference client fits them (see :func:`normalize`).  Raises
    UsageError naming ``source``, line and column.  Never use it for what the server sends.
    """
    try:
        document = _load(text)
        # Not everything that YAML can say is JSON: .inf, !!set, a list in itself.
        json.dumps(document, allow_nan=False)
        require_json(document, f"Cannot read {source}: the document")
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


def _load(text: str | bytes) -> Json:
    """JSON where it is JSON: YAML reads neither its surrogate pairs nor a bare DEL."""
    require_packages("PyYAML")
    if text.lstrip()[:1] in ("{", "[", b"{", b"["):
        with contextlib.suppress(ValueError, RecursionError):
            return json.loads(text, parse_float=_finite)
    return yaml.load(text, Loader=yaml_reader.loader())


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


def _text(value: Json) -> Json:
    if isinstance(value, (bool, int, float)):
        return json.dumps(value)
    return value
