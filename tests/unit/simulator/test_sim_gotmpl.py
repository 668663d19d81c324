# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The template renderer."""

from __future__ import annotations

import pytest

from simulator.gotmpl import GoObject, ParseError, Renderer, TemplateError, parse
from simulator.gotmpl.parser import Node

PARAMS = {"name": "world", "list": ["a", "b"], "map": {"k": 1}, "port": 8080, "float": 1.5, "off": False}


def param(key: str) -> object:
    if key not in PARAMS:
        raise TemplateError(f"No such machine parameter {key}")
    return PARAMS[key]


def render(source: str) -> str:
    def lookup(name: str) -> list[Node] | None:
        return parse("<{{ . }}>").body if name == "shared.tmpl" else None

    data = GoObject(
        Param=param, ParamExists=lambda key: key in PARAMS, Machine=GoObject(Name="m1", Tasks=["t"])
    )
    return Renderer(lookup).render(parse(source), data)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('{{ .Param "name" }} on {{ .Machine.Name }}', "world on m1"),
        ("a {{- /* quiet */ -}} b", "ab"),
        ("a {{/* quiet */}} b", "a  b"),
        ("x\n{{- 1 -}}\ny", "x1y"),
        ('{{ if .ParamExists "gone" }}y{{ else if eq 1 1 }}elif{{ end }}', "elif"),
        ('{{ range $i, $v := .Param "list" }}{{ $i }}={{ $v }} {{ end }}', "0=a 1=b "),
        ('{{ range .Param "list" }}{{ . }}{{ $.Machine.Name }}{{ end }}', "am1bm1"),
        ('{{ range $k, $v := .Param "map" }}{{ $k }}{{ $v }}{{ else }}none{{ end }}', "k1"),
        ('{{ with .Param "off" }}y{{ else }}n{{ end }}', "n"),
        ("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ end }}{{ $x }}", "2"),
        ('{{ template "shared.tmpl" .Machine.Name }}', "<m1>"),
        ('{{ define "d" }}[{{ . }}]{{ end }}{{ template "d" "v" }}', "[v]"),
        ('{{ .Param "name" | printf "%s-%s" "x" | upper }}', "X-WORLD"),
        ('{{ printf "%d" "x" }} {{ printf "%s" }}', "%!d(string=x) %!s(MISSING)"),
        ('{{ printf "%s:%v %q %03d%%" "a" true "q" 7 }}', 'a:true "q" 007%'),
        ('{{ eq (.Param "name") "x" "world" }} {{ ne 1 2 }} {{ not true }}', "true true false"),
        ('{{ and true "v" }} {{ or "" "w" }} {{ and 0 (.Param "gone") }}', "v w 0"),
        (
            '{{ .Param "list" }} {{ .Param "map" }} {{ .Param "port" }} {{ .Param "float" }}',
            "[a b] map[k:1] 8080 1.5",
        ),
        ('{{ index (.Param "list") 1 }}{{ len (.Param "list") }}{{ (.Param "map").k }}', "b21"),
        ('{{ `raw "x"` }}{{ "tab\\t" }}', 'raw "x"tab\t'),
        ('{{ join "," (list 1 2) }} {{ default "d" "" }} {{ "a-b" | replace "-" "_" }}', "1,2 d a_b"),
        ('{{ toJson (dict "a" 1) }} {{ hasKey (.Param "map") "k" }} {{ nil }}', '{"a":1} true <no value>'),
    ],
)
def test_renders(source: str, expected: str) -> None:
    assert render(source) == expected


@pytest.mark.parametrize(
    "source",
    ["{{ .Unclosed", "{{ if }}x{{ end }}", "{{ if true }}x", "{{ end }}", "{{ nofunction 1 }}", "{{ }}",
     '{{ "x }}', "{{ (1 }}", "{{ template }}", "{{ 1 | 2 }}"],
)  # fmt: skip
def test_bad_syntax(source: str) -> None:
    with pytest.raises(ParseError):
        parse(source)


@pytest.mark.parametrize(
    "source",
    ['{{ .Param "gone" }}', "{{ .Nothing }}", '{{ (.Param "map").gone }}', '{{ template "gone" . }}',
     '{{ eq 1 "1" }}', "{{ $undefined }}", "{{ range 3 }}{{ end }}", '{{ index (.Param "list") 9 }}',
     "{{ .Machine.Name 1 }}"],
)  # fmt: skip
def test_errors(source: str) -> None:
    with pytest.raises(TemplateError):
        render(source)
