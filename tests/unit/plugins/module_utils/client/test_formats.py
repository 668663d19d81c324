# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people write, what the server writes, and how it is shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.formats import (
    decode_yaml,
    normalize,
    pretty,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.limits import first_document
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.typed import yaml_reader

JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@pytest.fixture(params=["C", "Python"], autouse=True)
def scanner(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Both of PyYAML's scanners: the C library is missing on some control nodes."""
    if request.param == "Python":
        monkeypatch.delattr(yaml, "CSafeLoader", raising=False)
    elif not hasattr(yaml, "CSafeLoader"):
        pytest.skip("PyYAML was built without the C library")
    yaml_reader.loader.cache_clear()
    yield
    yaml_reader.loader.cache_clear()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('{"a": [1, 2.5, true, null, "x"]}', {"a": [1, 2.5, True, None, "x"]}),
        ("a: [1, 2.5, true, ~, x]", {"a": [1, 2.5, True, None, "x"]}),
        ("- 1\n- b: 2\n", [1, {"b": 2}]),
        ("", None),
        ("# nothing\n", None),
        ('{\n\t"a":\t1,\n\t"b":\t[\t2\t]\n}\n', {"a": 1, "b": [2]}),
        ("a:\t1\nb:\tx\n", {"a": 1, "b": "x"}),
        ("at: 12:30", {"at": "12:30"}),
        ("at: 1:02:03.5", {"at": "1:02:03.5"}),
        ("day: 2018-12-01", {"day": "2018-12-01"}),
        ("when: 2018-12-01T10:00:00Z", {"when": "2018-12-01T10:00:00Z"}),
        ("version: 1.2.3", {"version": "1.2.3"}),
        ("mac: 52:54:00:12:34:56", {"mac": "52:54:00:12:34:56"}),
        ("ip: 10.0.0.1", {"ip": "10.0.0.1"}),
        ("e: 1e3", {"e": "1e3"}),
        ("e: 1e+3", {"e": 1000.0}),
        ("mode: 0755", {"mode": 0o755}),
        ("hex: 0x1F", {"hex": 31}),
        ("c: 08", {"c": 8.0}),
        ("c: [-1, +2, 1_000]", {"c": [-1, 2, 1000]}),
        ("a: yes", {"a": True}),
        ("text: |\n  one\n  two\n", {"text": "one\ntwo\n"}),
        ("base: &b {x: 1}\nmore: {<<: *b, z: 2}", {"base": {"x": 1}, "more": {"x": 1, "z": 2}}),
        (b"\xef\xbb\xbfa: \xc3\xbc", {"a": "\u00fc"}),
    ],
)
def test_decode_yaml(text: str | bytes, value: Any) -> None:
    decoded = decode_yaml(text)
    assert decoded == value
    assert json.dumps(decoded) == json.dumps(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1: a", {"1": "a"}),
        ("true: a", {"true": "a"}),
        ("1: a\ntrue: b\n'1.0': c\n", {"1": "a", "true": "b", "1.0": "c"}),
        (
            "{1.5: a, 1234567.0: b, 0.00001: c, -0.0: d, 1e+40: e, .nan: f, +.inf: g}",
            {"1.5": "a", "1.234567e+06": "b", "1e-05": "c", "-0": "d", ".inf": "g", ".nan": "f"},
        ),
        ("{n: 1, 0x10: 2, 08: 3, 99999999999999999999: 4}", {"false": 1, "16": 2, "8": 3, "1e+20": 4}),
        ("x: {1: {2: b}}", {"x": {"1": {"2": "b"}}}),
        ("- {null: a}", [{"null": "a"}]),
    ],
)
def test_names_of_members_are_text(text: str, value: Any) -> None:
    assert decode_yaml(text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((text, text) for text in ("12e45678", "680841e1", "1e3", "1.5e3", "1.e+3", "5.", ".", "..", "+")),
        *((text, text) for text in ("._1", "_1", "0x_", "0b", "0o8", "0b102")),
        *((text, text) for text in ("1e+999", "9" * 400, "0x1p-2", "1:30", "=", "<<", "2018-12-01", "-0b")),
        *(("08", 8.0), ("-08", -8.0), ("08_1", 81.0), ("09.5", 9.5), ("0_7", 7), ("0777", 511), ("00", 0)),
        *(("0o755", 493), ("-0x1f", -31), ("0X1f", 31), ("0b11", 3), ("-0B11", -3), ("0b-11", -3)),
        *(("-.5", -0.5), ("+.5", 0.5), (".5e3", 500.0), (".5_0", 0.5), ("1_0.5_0", 10.5), ("1e+3_0", 1e30)),
        *(("1__0", 10), ("-_1", -1), ("18446744073709551615", 2**64 - 1), ("-9223372036854775808", -(2**63))),
        *(("18446744073709551616", 2.0**64), ("-9223372036854775809", -(2.0**63)), ("1E-3", 0.001)),
        *(("y", True), ("N", False), ("off", False), ("~", None), ("yEs", "yEs"), ("", None)),
    ],
)
def test_plain_scalars_are_what_go_makes_of_them(text: str, value: Any) -> None:
    decoded = decode_yaml(f"v: {text}")["v"]
    assert (type(decoded), decoded) == (type(value), value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("!!binary aGk=", "hi"),
        ("!!binary |\n  aGVs\n  bG8=", "hello"),
        ("!!set {x, z}", {"x": None, "z": None}),
        ("!!omap [x: 1, z: 2]", [{"x": 1}, {"z": 2}]),
        ("!!pairs [x: 1, x: 2]", [{"x": 1}, {"x": 2}]),
        ("!!timestamp 2018-12-01", "2018-12-01"),
        ("!mine 5", "5"),
        ("!mine {x: 08}", {"x": 8.0}),
        ("!mine [y]", [True]),
        ("!unsafe '{{ x }}'", "{{ x }}"),
        ("!!python/object:os.system x", "x"),
        ("!!python/tuple [1]", [1]),
        ("!<tag:example.com,2026:x> 1", "1"),
        ("!!str 08", "08"),
        ("!!int '5'", 5),
    ],
)
def test_tags_are_what_go_makes_of_them(text: str, value: Any) -> None:
    assert decode_yaml(f"v: {text}") == {"v": value}


def test_numbers_of_json_that_no_float_holds_are_text_as_in_yaml() -> None:
    assert decode_yaml('{"a": 1e400, "b": 1e3}') == {"a": "1e400", "b": "1e3"}
    assert decode_yaml('{"b": 1e3}') == {"b": 1000.0}


@settings(max_examples=80)
@given(JSON_VALUES)
def test_every_json_text_is_read_as_json_reads_it(value: Any) -> None:
    assert decode_yaml(json.dumps({"a": value})) == {"a": value}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", "line 3"),
        ("a: 1\n  b: 2\n", "line 2, column 4"),
        ('{"a": 1,\n "b": }x', "line 2"),
        ("a: *nobody", "line 1, column 4"),
        ("a: 1\n---\nb: 2\n", "line 2"),
        ("a: !vault |\n  $ANSIBLE_VAULT;1.1;AES256", "line 1, column 4: Ansible Vault has encrypted"),
        ("a: !!binary /w==", "line 1, column 4: it is no text in base64"),
        ("a: 1\nn: .inf", "line 2, column 4: JSON has no number .inf"),
        ("a: 1\n<<: 2", "line 2"),
        ("? [a]\n: b", "line 1, column 3: the name of a member must be a scalar"),
    ],
)
def test_mistakes_are_located(text: str, place: str) -> None:
    with pytest.raises(UsageError) as caught:
        decode_yaml(text, source="params.yml")
    assert caught.value.messages[0].startswith(f"Cannot read params.yml, {place}")


@pytest.mark.parametrize(
    "text",
    [
        b"a: \xff",
        "a: \x00",
        "n: !!int abc",
        "[" * 3000,
        "&a [*a]",
        '{"n": NaN}',
        '{"half": "\\ud800"}',
        '{"a": "\\udfff\\ud800"}',
    ],
)
def test_mistakes_without_a_place_are_errors_of_ours(text: str | bytes) -> None:
    with pytest.raises(UsageError, match="Cannot read"):
        decode_yaml(text)


def test_decode_for_a_kind() -> None:
    text = "name: 12\nDESCRIPTION: true\nrunnable: true\nparams: {Name: 1}\nnonsense: 1\nos: null\n"
    assert decode_yaml(text, "machines") == {
        "Name": "12",
        "Description": "true",
        "Runnable": True,
        "Params": {"Name": 1},
        "OS": None,
    }


@pytest.mark.parametrize("text", ["", "- a", "text", "7"])
def test_an_object_must_be_one(text: str) -> None:
    with pytest.raises(UsageError, match="params.yml must hold one object"):
        decode_yaml(text, "machines", "params.yml")


def test_fit_leaves_kinds_of_plugins_alone() -> None:
    assert normalize("ipam_networks", {"id": 1, "X": True}) == {"id": 1, "X": True}


def test_fit_makes_a_new_object() -> None:
    given: dict[str, Any] = {"Name": 1.5}
    assert normalize("profiles", given) == {"Name": "1.5"}
    assert given == {"Name": 1.5}


def test_pretty() -> None:
    value = {"b": [1, {"c": None}], "a": "\u00fc"}
    assert (
        pretty("json", value)
        == '{\n  "a": "\u00fc",\n  "b": [\n    1,\n    {\n      "c": null\n    }\n  ]\n}'
    )
    assert pretty("yaml", value) == "a: \u00fc\nb:\n- 1\n- c: null\n"
    assert pretty("go", {"a": "x"}) == "package main\n\nvar content = `\na: x\n`\n"
    assert '` + "`" + `' in pretty("go", {"a": "`"})
    with pytest.raises(UsageError, match="^CLIENT_ERROR: Unknown pretty format xml$"):
        pretty("xml", value)


@settings(max_examples=60)
@given(JSON_VALUES)
def test_pretty_json_can_be_read_back(value: Any) -> None:
    assert json.loads(pretty("json", value)) == value


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b' \n{"Type":"string","Unique":true}\n{"Code":404}', {"Type": "string", "Unique": True}),
        (b'{"a": 1}{"half', {"a": 1}),
        (b"[] []", []),
        (b"null", None),
        (b"", None),
        (b" \n", None),
        ('"\u00fc"'.encode(), "\u00fc"),
    ],
)
def test_the_first_document(body: bytes, value: Any) -> None:
    assert first_document(body) == value


@pytest.mark.parametrize("body", [b'{"a": 1', b'{"a": "x', b"[1, 2", b"<html>", b"nul", b'"\xff"'])
def test_half_a_document(body: bytes) -> None:
    with pytest.raises(ValueError):
        first_document(body)
