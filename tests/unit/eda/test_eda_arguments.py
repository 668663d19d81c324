# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the event source makes of its arguments, and what it says about wrong ones."""

from __future__ import annotations

import inspect
import json
import ssl
from pathlib import Path
from typing import Any

import jinja2
import jsonschema
import pytest
import yaml
from front_proxy import ClientAuthority

from ansible_collections.digitalrebar.provision.extensions.eda.plugins.event_source import drp_events
from ansible_collections.digitalrebar.provision.extensions.eda.plugins.event_source.drp_events import (
    ArgumentError,
    Pattern,
    Settings,
)
from ansible_collections.digitalrebar.provision.plugins.doc_fragments.connection import ModuleDocFragment
from ansible_collections.digitalrebar.provision.plugins.module_utils.client import settings as client_settings
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError

FOLDER = Path(inspect.getfile(drp_events)).parent
AWX_CREDENTIAL_TYPE = FOLDER.parents[3] / "playbooks/files/awx_credential_type.yml"
LOGIN = {"username": "eda", "password": "pass:word"}
FINGERPRINT = "1F:" + "0a" * 31


def settings(**given: Any) -> Settings:
    return Settings({**LOGIN, **given}, {})


def complaint(environ: dict[str, str] | None = None, **given: Any) -> str:
    with pytest.raises(ArgumentError) as caught:
        Settings(given, environ or {})
    return str(caught.value)


def test_little_is_needed() -> None:
    chosen = Settings({}, {"RS_KEY": "eda:secret"})
    assert chosen.endpoints == ["https://127.0.0.1:8092"]
    assert (chosen.username, chosen.password, chosen.token) == ("eda", "secret", "")
    assert [str(pattern) for pattern in chosen.patterns] == drp_events.DEFAULT_EVENTS
    assert chosen.context.verify_mode is ssl.CERT_REQUIRED
    assert chosen.context.check_hostname


def test_empty_texts_and_none_count_as_not_given() -> None:
    nothing: dict[str, Any] = {
        "endpoint": "",
        "token": None,
        "ca_path": "",
        "cert_fingerprint": "",
        "events": None,
    }
    chosen = settings(**nothing)
    assert chosen.endpoints == ["https://127.0.0.1:8092"]
    assert chosen.fingerprint is None
    assert [str(pattern) for pattern in chosen.patterns] == drp_events.DEFAULT_EVENTS


PLACES = [
    {},
    {"token": "t"},
    {"username": "u", "password": "p:q"},
    {"username": "u"},
    {"password": "p"},
    {"key": "k:l:m"},
    {"key": "k"},
    {"key": ":l"},
    {"username": "u", "key": "k:l"},
    {"username": "u", "password": "p", "key": "k:l"},
    {"token": "t", "username": "u"},
]
VARIABLES = [{}, {"RS_TOKEN": "T"}, {"RS_KEY": "K:L"}, {"RS_TOKEN": "T", "RS_KEY": "K:L"}, {"RS_KEY": "K"}]


@pytest.mark.parametrize("given", PLACES)
@pytest.mark.parametrize("environ", VARIABLES)
def test_credentials_come_from_the_same_place_as_in_the_client(
    given: dict[str, str], environ: dict[str, str]
) -> None:
    try:
        expected = client_settings.resolve(given, environ)
    except UsageError:
        with pytest.raises(ArgumentError):
            Settings(given, environ)
        return
    chosen = Settings(given, environ)
    assert (chosen.username, chosen.password, chosen.token) == (
        expected.username,
        expected.password,
        expected.token,
    )


ENDPOINTS_OF_OTHER_TOOLS = [
    "https://g:7/api/v3",
    "https://g:7/api/v3/ https://h/drp/API/v3?",
    "HTTPS://[2001:db8::1]:8092/",
]


@pytest.mark.parametrize(
    "given", ["", "https://a:1 https://b:2/", "http://c/prefix/", "  ", *ENDPOINTS_OF_OTHER_TOOLS]
)
@pytest.mark.parametrize(
    "environ", [{}, {"RS_ENDPOINT": "https://d:4"}, {"RS_ENDPOINTS": "https://e:5 https://f"}]
)
def test_endpoints_come_from_the_same_place_as_in_the_client(given: str, environ: dict[str, str]) -> None:
    expected = client_settings.resolve({**LOGIN, "endpoint": given}, environ)
    assert tuple(Settings({**LOGIN, "endpoint": given}, environ).endpoints) == expected.endpoints


@pytest.mark.parametrize(
    "endpoint",
    [
        *(
            "drp:8092",
            "ftp://drp",
            "https://",
            "https://drp:x",
            "https://drp/?a=b",
            "https://u:hush@drp:8092",
        ),
        *("https://u:hush@drp/?a=b", "u:hush@drp", "https://u:hush@drp/api/v3/machines"),
        *("https://drp/api/v3/machines", "https://drp,https://other"),
    ],
)
def test_bad_endpoints(endpoint: str) -> None:
    text = complaint(**LOGIN, endpoint=f"https://good:1 {endpoint}")
    assert text.startswith("endpoint: ")
    assert "hush" not in text
    with pytest.raises(UsageError) as caught:
        client_settings.resolve({**LOGIN, "endpoint": endpoint}, {})
    assert text in str(caught.value), "the client says the same"


@pytest.mark.parametrize(
    "token", ["two\nlines", "a b", "sn\u2603w", "\x00hush", "tab\tin", "Bearer hush", "\u200bhush"]
)
def test_a_token_that_no_header_can_hold(token: str) -> None:
    for given, environ in (({"token": token}, {}), ({}, {"RS_TOKEN": token})):
        text = complaint(environ, **given)
        assert text.startswith("token (or RS_TOKEN): is not a token")
        assert token not in text
        assert "hush" not in text


def test_white_space_around_a_token_is_none_of_it() -> None:
    assert Settings({"token": " t0ken\n"}, {}).token == "t0ken"


@pytest.mark.parametrize(
    "line",
    [
        "{colons}",
        "{colons}\n",
        "sha256 Fingerprint={colons}",
        "SHA256 Fingerprint={colons}\n",
        "sha256:{digits}",
        "SHA-256: {digits}",
        "  {digits}  ",
    ],
)
def test_fingerprints_as_other_tools_print_them(line: str) -> None:
    digits = "1f" + "0a" * 31
    colons = ":".join(digits[at : at + 2] for at in range(0, 64, 2)).upper()
    given = line.format(colons=colons, digits=digits)
    pinned = settings(cert_fingerprint=given).fingerprint
    assert pinned is not None
    assert pinned.fingerprint == bytes.fromhex(digits)
    assert client_settings.resolve({**LOGIN, "cert_fingerprint": given}, {}).trust.fingerprint == digits


@pytest.mark.parametrize("line", ["sha1 Fingerprint={digits}", "md5:{digits}", "{digits} {digits}", "sha256"])
def test_fingerprints_of_another_kind(line: str) -> None:
    given = line.format(digits="1f" * 32 if "{digits} " in line else "1f" * 20)
    assert complaint(**LOGIN, cert_fingerprint=given).startswith("cert_fingerprint: must be the SHA-256")


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({}, "no credentials: set token, or username and password"),
        ({"username": "u"}, "username, password: set both"),
        ({"username": "a:b", "password": "p"}, "must not contain a colon"),
        ({"key": "nocolon"}, "key (or RS_KEY): must be user:password"),
        ({**LOGIN, "password": 12345}, "password: must be a string; put it in quotes"),
        ({**LOGIN, "endpoint": ["https://a"]}, "endpoint: must be a string"),
        ({**LOGIN, "cert_fingerprint": "abc"}, "cert_fingerprint: must be the SHA-256"),
        ({**LOGIN, "validate_certs": "maybe"}, "validate_certs: must be true or false"),
        ({**LOGIN, "ca_path": "/no/such/file"}, "ca_path: /no/such/file cannot be used: No such file"),
        ({**LOGIN, "ca_path": __file__}, f"ca_path: {__file__} cannot be used"),
        ({**LOGIN, "events": 5}, "events: must be a list of strings"),
        ({**LOGIN, "events": [5]}, "events: must be a list of strings"),
        ({**LOGIN, "events": []}, "events: '' must have three parts"),
        ({**LOGIN, "resync_kinds": {"jobs": 1}}, "resync_kinds: must be a list of strings"),
        ({**LOGIN, "resync_interval": -1}, "resync_interval: must be a number, at least 0"),
        ({**LOGIN, "queue_size": 0}, "queue_size: must be a number, at least 1"),
        ({**LOGIN, "queue_size": True}, "queue_size: must be a number"),
        ({**LOGIN, "queue_size": "many"}, "queue_size: must be a number"),
        ({**LOGIN, "reconnect_delay": "nan"}, "reconnect_delay: must be a number"),
        ({**LOGIN, "reconnect_delay": float("inf")}, "reconnect_delay: must be a number"),
        (
            {**LOGIN, "reconnect_delay": 5, "reconnect_delay_max": 2},
            "reconnect_delay_max: must be a number, at least 5",
        ),
        (
            {**LOGIN, "pattern": "x", "zoo": 1},
            "pattern: unknown option. Known options: ca_path, cert_fingerprint",
        ),
    ],
)
def test_complaints_name_the_option(given: dict[str, Any], text: str) -> None:
    assert text in complaint(**given)


def test_no_complaint_repeats_a_secret() -> None:
    for given in ({"key": "hunter2"}, {"password": "hunter2"}, {"username": "a:b", "password": "hunter2"}):
        assert "hunter2" not in complaint(**given)


def test_a_bad_bundle_of_the_environment_is_named() -> None:
    text = complaint({"REQUESTS_CA_BUNDLE": "/no/bundle"}, **LOGIN)
    assert text.startswith("REQUESTS_CA_BUNDLE: /no/bundle cannot be used")


@pytest.mark.parametrize("chosen", [{"validate_certs": False}, {"cert_fingerprint": FINGERPRINT}])
def test_a_bundle_of_the_environment_overrides_no_choice(chosen: dict[str, Any]) -> None:
    Settings({**LOGIN, **chosen}, {"REQUESTS_CA_BUNDLE": "/no/bundle", "CURL_CA_BUNDLE": "/none"})


@pytest.mark.parametrize(
    "spelling", [FINGERPRINT, "sha256:" + FINGERPRINT, f" SHA-256={FINGERPRINT.lower()} "]
)
def test_spellings_of_a_fingerprint(spelling: str) -> None:
    chosen = settings(cert_fingerprint=spelling)
    assert chosen.fingerprint is not None
    assert chosen.fingerprint.fingerprint == bytes.fromhex("1f" + "0a" * 31)
    assert chosen.context.verify_mode is ssl.CERT_NONE


def test_a_fingerprint_holds_without_verification() -> None:
    assert settings(cert_fingerprint=FINGERPRINT, validate_certs=False).fingerprint is not None


def test_trust_comes_from_the_environment_only_without_an_explicit_choice() -> None:
    environ = {"RS_CERT_FINGERPRINT": FINGERPRINT, "RS_CA_PATH": "", "RS_VALIDATE_CERTS": ""}
    pinned = Settings(LOGIN, environ)
    assert pinned.fingerprint is not None
    assert pinned.fingerprint.fingerprint == bytes.fromhex("1f" + "0a" * 31)
    other = Settings({**LOGIN, "cert_fingerprint": "ab" * 32}, {**environ, "RS_CA_PATH": "/no/ca"})
    assert other.fingerprint is not None
    assert other.fingerprint.fingerprint == bytes.fromhex("ab" * 32)
    off = {"RS_VALIDATE_CERTS": "false"}
    assert Settings(LOGIN, off).context.verify_mode is ssl.CERT_NONE
    assert Settings({**LOGIN, "validate_certs": True}, off).context.verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"RS_VALIDATE_CERTS": "maybe"}, "RS_VALIDATE_CERTS: must be true or false"),
        ({"RS_CA_PATH": "/no/ca"}, "RS_CA_PATH: /no/ca cannot be used"),
        ({"RS_CERT_FINGERPRINT": "ab"}, "RS_CERT_FINGERPRINT: must be the SHA-256"),
    ],
)
def test_a_wrong_variable_about_trust_is_named(environ: dict[str, str], told: str) -> None:
    assert complaint(environ, **LOGIN).startswith(told)


@pytest.mark.parametrize(
    ("told", "flag"), [("yes", True), ("False", False), (0, False), (1, True), ("on", True)]
)
def test_flags(told: Any, flag: bool) -> None:
    verifies = settings(validate_certs=told).context.verify_mode is ssl.CERT_REQUIRED
    assert verifies is flag


def test_numbers_may_be_texts() -> None:
    chosen = settings(queue_size="7", reconnect_delay="0.5", resync_interval="0")
    assert (chosen.queue_size, chosen.reconnect_delay, chosen.resync_interval) == (7, 0.5, 0)


@pytest.mark.parametrize(
    "text",
    [
        "machines",
        "machines.update",
        "machines..x",
        ".update.*",
        "machines.update.",
        "machines.up*.*",
        "machines.update.node*",
        "machines,jobs.update.*",
        "machines.create,update.*",
        "",
        "profiles.update." + "x" * 500,
        "profiles.update." + "ä" * 250,
    ],
)
def test_patterns_that_are_never_sent(text: str) -> None:
    with pytest.raises(ArgumentError, match="^events: "):
        Pattern.parse(text)


def test_a_pattern_may_fill_a_frame() -> None:
    longest = "profiles.update." + "x" * (drp_events.MAX_FRAME_BYTES - len("register profiles.update."))
    assert str(Pattern.parse(longest)) == longest


def test_the_key_of_a_pattern_may_have_dots_and_commas() -> None:
    assert Pattern.parse(" templates.update.a.b,c ") == ("templates", "update", "a.b,c")


def test_one_pattern_may_be_a_text() -> None:
    assert settings(events="jobs.*.*").patterns == [("jobs", "*", "*")]


@pytest.mark.parametrize(
    ("pattern", "event", "matches"),
    [
        ("*.*.*", ("log", "info", "x"), True),
        ("jobs.*.*", ("jobs", "save", "a.b"), True),
        ("jobs.save.*", ("jobs", "update", "a"), False),
        ("jobs.save.a.b", ("jobs", "save", "a.b"), True),
        ("jobs.save.a", ("jobs", "save", "a.b"), False),
    ],
)
def test_matching(pattern: str, event: tuple[str, str, str], matches: bool) -> None:
    assert Pattern.parse(pattern).matches(*event) is matches


def test_whoever_wants_jobs_hears_of_machines_too() -> None:
    texts = [
        str(pattern) for pattern in settings(events=["jobs.update.*", "machines.update.*"]).registrations
    ]
    assert texts[:2] == ["jobs.update.*", "machines.update.*"]
    assert set(texts[2:]) == {"machines.create.*", "machines.save.*", "machines.delete.*"}
    assert settings(events=["profiles.*.*"]).registrations == [("profiles", "*", "*")]


# ---- the options are written down in four places ------------------------------------------------------

DOCUMENTED = yaml.safe_load(drp_events.DOCUMENTATION)["options"]
SCHEMA = json.loads((FOLDER / "schemas" / "drp_events.json").read_text(encoding="utf-8"))
CONNECTION = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]


def test_the_documentation_names_what_is_read() -> None:
    text = complaint(**LOGIN, zzz=1)
    assert text.partition("Known options: ")[2].split(", ") == sorted(DOCUMENTED)


def test_the_schema_has_the_same_options() -> None:
    types = {
        "str": "string",
        "path": "string",
        "bool": "boolean",
        "list": "array",
        "float": "number",
        "int": "integer",
    }
    properties = SCHEMA["properties"]
    assert list(properties) == list(DOCUMENTED)
    for name, option in DOCUMENTED.items():
        assert properties[name]["type"] == types[option["type"]], name
        assert properties[name].get("default") == option.get("default"), name
    secret = {name for name, rules in properties.items() if rules.get("format") == "password"}
    assert secret == {"password", "key", "token"}


def test_the_defaults_are_the_documented_ones() -> None:
    explicit = {name: option["default"] for name, option in DOCUMENTED.items() if "default" in option}
    comparable = [
        {name: value for name, value in vars(chosen).items() if name != "context"}
        for chosen in (settings(), settings(**explicit))
    ]
    assert comparable[0] == comparable[1]


def test_the_connection_options_are_those_of_the_modules() -> None:
    own = {
        "events",
        "resync_kinds",
        "resync_interval",
        "queue_size",
        "reconnect_delay",
        "reconnect_delay_max",
    }
    assert DOCUMENTED.keys() - own <= CONNECTION.keys()
    # these are about tasks and requests: there are none here
    assert CONNECTION.keys() - DOCUMENTED.keys() <= {"token_cache", "timeout", "request_timeout", "run_in"}
    for name in DOCUMENTED.keys() - own:
        assert DOCUMENTED[name]["type"] == CONNECTION[name]["type"]
        assert DOCUMENTED[name].get("default") == CONNECTION[name].get("default")


def test_the_schema_accepts_what_the_examples_show() -> None:
    examples = yaml.safe_load(drp_events.EXAMPLES)
    assert len(examples) == 2
    for example in examples:
        arguments = example["digitalrebar.provision.drp_events"] or {}
        jsonschema.validate(arguments, SCHEMA)
        Settings(arguments, {"RS_KEY": "a:b"})
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"events": ["machines.update"]}, SCHEMA)


@pytest.mark.parametrize(
    "filled",
    [
        {"username": "eda", "password": "pass:word"},
        {"token": "tok", "username": "", "password": ""},
        {"username": "eda", "password": "p", "ca_certificate": "PEM", "cert_fingerprint": FINGERPRINT},
    ],
)
def test_the_credential_type_gives_what_the_source_reads(filled: dict[str, str]) -> None:
    kind = FOLDER / "credential_types" / "drp"
    fields = yaml.safe_load((kind / "input.yml").read_text(encoding="utf-8"))["fields"]
    injectors = yaml.safe_load((kind / "injectors.yml").read_text(encoding="utf-8"))
    in_awx = yaml.safe_load(AWX_CREDENTIAL_TYPE.read_text(encoding="utf-8"))
    assert fields == in_awx["inputs"]["fields"]
    assert injectors["env"] == {
        name: text.replace("tower.", "eda.") for name, text in in_awx["injectors"]["env"].items()
    }
    assert injectors["file"] == in_awx["injectors"]["file"]
    assert {field["id"] for field in fields if field.get("secret")} == {"password", "token"}
    assert filled.keys() <= {field["id"] for field in fields}
    inputs = {"endpoint": "https://drp:8092", "eda": {"filename": {"drp_ca": "/tmp/ca"}}, **filled}
    world = jinja2.Environment(undefined=jinja2.StrictUndefined)
    variables = {name: world.from_string(text).render(inputs) for name, text in injectors["env"].items()}
    extra = {name: world.from_string(text).render(inputs) for name, text in injectors["extra_vars"].items()}
    assert variables["RS_CA_PATH"] == extra["drp_ca_path"]
    assert variables.pop("RS_CERT_FINGERPRINT") == extra["drp_cert_fingerprint"]
    del variables["RS_CA_PATH"]  # the file is not there
    chosen = Settings({"cert_fingerprint": extra["drp_cert_fingerprint"]}, variables)
    assert chosen.endpoints == ["https://drp:8092"]
    assert (chosen.username, chosen.password, chosen.token) == (
        filled.get("username", ""),
        filled.get("password", ""),
        filled.get("token", ""),
    )
    assert extra["drp_ca_path"] == ("/tmp/ca" if "ca_certificate" in filled else "")


def test_the_variables_of_drpcli(caplog: pytest.LogCaptureFixture) -> None:
    user = {"RS_USERNAME": "u", "RS_PASSWORD": "p:q"}
    found = Settings({}, {**user, "RS_ENDPOINT": "https://m:1", "RS_URL_PROXY": "/dc1/"})
    assert (found.username, found.password, found.endpoints) == ("u", "p:q", ["https://m:1/dc1"])
    assert Settings({}, {**user, "RS_KEY": "k:p"}).username == "k"
    assert Settings(LOGIN, {"RS_SKIP_VERIFY": "true"}).context.verify_mode is ssl.CERT_NONE
    assert "RS_SKIP_VERIFY is set" in caplog.text
    both = {"RS_SKIP_VERIFY": "true", "RS_VALIDATE_CERTS": "true"}
    assert Settings(LOGIN, both).context.verify_mode is ssl.CERT_REQUIRED
    assert complaint({"RS_SKIP_VERIFY": "maybe"}, **LOGIN).startswith("RS_SKIP_VERIFY: must be true or false")
    assert complaint({"RS_URL_PROXY": "https://dc1"}, **LOGIN).startswith("RS_URL_PROXY: must be the name")
    assert complaint({"RS_USERNAME": "u"}).startswith("username, password: set both or neither")


def test_a_client_certificate_is_a_login_when_there_is_no_other(tmp_path: Path) -> None:
    certificate, key = map(str, ClientAuthority(tmp_path).issue("somebody"))
    found = Settings({"client_cert": certificate, "client_key": key}, {})
    assert (found.username, found.password, found.token) == ("", "", "")
    by_variables = {"RS_CLIENT_CERT": certificate, "RS_CLIENT_KEY": key}
    assert Settings({}, by_variables).username == ""
    assert Settings(LOGIN, by_variables).username == LOGIN["username"]
    assert complaint({}, client_key=key, **LOGIN) == "client_key: requires client_cert"
    wrong = complaint({"RS_CLIENT_CERT": "/no/cert"}, **LOGIN)
    assert wrong.startswith("RS_CLIENT_CERT, RS_CLIENT_KEY: must be a certificate and its private key")
