# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where to connect and as whom: explicit choices, then the environment."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client import settings
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import UsageError
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.http.environment import (
    Environment,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.settings import resolve
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.tls import Tls
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.token_cache import (
    DEFAULT_DIRECTORY,
)

SHA = "0123456789abcdef" * 4
BASE = {"token": "t"}

OPTIONS = {
    "token": {"token": "opt-token"},
    "user": {"username": "opt-user", "password": "opt:pass"},
    "key": {"key": "key-user:key:pass"},
}
VARIABLES = {
    "RS_TOKEN": {"RS_TOKEN": "env-token"},
    "RS_KEY": {"RS_KEY": "env-user:env:pass"},
    "RS_USERNAME": {"RS_USERNAME": "other-user", "RS_PASSWORD": "other:pass"},
}
OUTCOMES = {
    "token": ("", "", "opt-token"),
    "user": ("opt-user", "opt:pass", ""),
    "key": ("key-user", "key:pass", ""),
    "RS_TOKEN": ("", "", "env-token"),
    "RS_KEY": ("env-user", "env:pass", ""),
    "RS_USERNAME": ("other-user", "other:pass", ""),
}
ORDER = list(OUTCOMES)
GIVEN = [
    combination for size in range(1, len(ORDER) + 1) for combination in itertools.combinations(ORDER, size)
]


@pytest.mark.parametrize("given", GIVEN, ids="+".join)
def test_credentials_come_whole_from_the_first_place(given: tuple[str, ...]) -> None:
    options: dict[str, Any] = {}
    for name in given:
        options.update(OPTIONS.get(name, {}))
    environ: dict[str, str] = {}
    for name in given:
        environ.update(VARIABLES.get(name, {}))
    resolved = resolve(options, environ)
    first = min(given, key=ORDER.index)
    assert (resolved.username, resolved.password, resolved.token) == OUTCOMES[first]


def test_a_name_of_none_or_nothing_is_not_given() -> None:
    options = dict.fromkeys(["token", "username", "password", "key", "endpoint", "ca_path"])
    assert resolve(options, {"RS_KEY": "u:p"}).username == "u"
    assert resolve(dict.fromkeys(options, ""), {"RS_KEY": "u:p", "RS_TOKEN": ""}).username == "u"


def test_no_credentials() -> None:
    with pytest.raises(UsageError, match="no credentials"):
        resolve({}, {})


@pytest.mark.parametrize("options", [{"username": "u"}, {"password": "p"}, {"username": "u", "password": ""}])
def test_half_of_the_credentials_is_never_completed_from_elsewhere(options: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="set both"):
        resolve(options, {"RS_KEY": "v:q"})


@pytest.mark.parametrize("key", ["", "user", "user:", ":password", ":"])
def test_a_malformed_key(key: str) -> None:
    for options, environ, name in (({"key": key}, {}, "key"), ({}, {"RS_KEY": key}, "RS_KEY")):
        with pytest.raises(UsageError) as caught:
            resolve(options, environ)
        told = caught.value.messages[0]
        assert told.startswith(f"{name}: " if key else "no credentials")
        assert "password" not in told.replace("user:password", "").replace("username and password", "")


def test_a_malformed_variable_does_not_matter_beside_an_explicit_choice() -> None:
    assert resolve({"token": "t"}, {"RS_KEY": "nonsense"}).token == "t"
    assert resolve({"key": "u:p"}, {"RS_KEY": "nonsense"}).username == "u"


def test_secrets_are_known_and_not_shown() -> None:
    for options in ({"token": "hidden!"}, {"username": "u", "password": "hidden!"}, {"key": "u:hidden!"}):
        resolved = resolve(options, {})
        assert resolved.secrets == {"hidden!"}
        assert "hidden!" not in repr(resolved)


@pytest.mark.parametrize(
    ("explicit", "environ", "endpoints"),
    [
        (None, {}, ("https://127.0.0.1:8092",)),
        ("https://a/", {}, ("https://a",)),
        (None, {"RS_ENDPOINT": "https://b"}, ("https://b",)),
        ("https://a", {"RS_ENDPOINT": "https://b"}, ("https://a",)),
        (None, {"RS_ENDPOINT": "https://b", "RS_ENDPOINTS": "https://c"}, ("https://b",)),
        (None, {"RS_ENDPOINTS": " https://c  https://d:1/ "}, ("https://c", "https://d:1")),
        ("https://a https://b", {}, ("https://a", "https://b")),
        ("", {"RS_ENDPOINT": ""}, ("https://127.0.0.1:8092",)),
        (" ", {}, ("https://127.0.0.1:8092",)),
    ],
)
def test_endpoints(explicit: str | None, environ: dict[str, str], endpoints: tuple[str, ...]) -> None:
    assert resolve({**BASE, "endpoint": explicit}, environ).endpoints == endpoints


@pytest.mark.parametrize("url", ["drp.example.com", "drp:8092", "file:///etc/passwd", "https://u:p@h"])
def test_endpoint_errors(url: str) -> None:
    with pytest.raises(UsageError, match="^.*endpoint: "):
        resolve({**BASE, "endpoint": url}, {})
    with pytest.raises(UsageError, match="endpoint: "):
        resolve(BASE, {"RS_ENDPOINT": url})


@pytest.mark.parametrize(
    "written",
    [
        SHA,
        SHA.upper(),
        f"  {SHA}\n",
        f"sha256:{SHA}",
        "sha256 Fingerprint=" + ":".join(SHA[number : number + 2].upper() for number in range(0, 64, 2)),
        f"SHA256 Fingerprint={SHA}\n",
        f"SHA-256={SHA.upper()}",
        ":".join(SHA[number : number + 2] for number in range(0, 64, 2)),
        "SHA256:" + ":".join(SHA[number : number + 2].upper() for number in range(0, 64, 2)),
    ],
)
def test_forms_of_a_fingerprint(written: str) -> None:
    trust = resolve({**BASE, "cert_fingerprint": written}, {}).trust
    assert trust.fingerprint == SHA
    assert trust.authenticates_server
    assert not trust.verifies_chain


@pytest.mark.parametrize(
    "written",
    [SHA[:-1], SHA + "0", SHA[:40], "g" * 64, "sha1:" + SHA[:40], f"sha1 Fingerprint={SHA[:40]}", "md5"],
)
def test_malformed_fingerprints(written: str) -> None:
    with pytest.raises(UsageError, match="cert_fingerprint: must be the SHA-256"):
        resolve({**BASE, "cert_fingerprint": written}, {})


def test_a_ca_file_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"ca_path: .*no\.pem cannot be read"):
        resolve({**BASE, "ca_path": str(tmp_path / "no.pem")}, {})
    (tmp_path / "ca.pem").write_text("")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert resolve({**BASE, "ca_path": "~/ca.pem"}, {}).trust.ca_path == str(tmp_path / "ca.pem")


@pytest.mark.parametrize(("given", "verify"), [(None, True), (True, True), (False, False)])
def test_verification_is_on_unless_turned_off(given: bool | None, verify: bool) -> None:
    assert resolve({**BASE, "validate_certs": given}, {}).trust.verify is verify


OTHER = "fedcba9876543210" * 4
EXPLICIT = {"ca_path": "explicit.pem", "cert_fingerprint": SHA}
IN_ENVIRONMENT = {"RS_CA_PATH": "environment.pem", "RS_CERT_FINGERPRINT": OTHER}
FALSE = {"RS_VALIDATE_CERTS": "false"}


@pytest.fixture
def ca_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("explicit.pem", "environment.pem"):
        (tmp_path / name).write_text("")


@pytest.mark.usefixtures("ca_files")
@pytest.mark.parametrize(
    ("options", "environ", "trust"),
    [
        ({}, IN_ENVIRONMENT, Tls(True, "environment.pem", OTHER)),
        ({}, dict.fromkeys([*IN_ENVIRONMENT, "RS_VALIDATE_CERTS"], ""), Tls()),
        (dict.fromkeys(EXPLICIT, ""), IN_ENVIRONMENT, Tls(True, "environment.pem", OTHER)),
        ({}, {"RS_CA_PATH": "environment.pem"}, Tls(True, "environment.pem")),
        ({}, FALSE, Tls(False)),
        ({}, {**IN_ENVIRONMENT, **FALSE}, Tls(False, "environment.pem", OTHER)),
        (EXPLICIT, {**IN_ENVIRONMENT, **FALSE}, Tls(True, "explicit.pem", SHA)),
        # half of what is explicit is not completed: a CA beside a pin means something else than the pin
        ({"cert_fingerprint": SHA}, IN_ENVIRONMENT, Tls(True, None, SHA)),
        ({"ca_path": "explicit.pem"}, {**IN_ENVIRONMENT, **FALSE}, Tls(True, "explicit.pem")),
        # whether to verify is a question of its own
        ({"validate_certs": True}, {**IN_ENVIRONMENT, **FALSE}, Tls(True, "environment.pem", OTHER)),
        ({"validate_certs": False}, {"RS_VALIDATE_CERTS": "true"}, Tls(False)),
        ({"validate_certs": False}, IN_ENVIRONMENT, Tls(False, "environment.pem", OTHER)),
        ({"validate_certs": False, **EXPLICIT}, {}, Tls(False, "explicit.pem", SHA)),
    ],
)
def test_trust_comes_from_the_environment_only_without_an_explicit_choice(
    options: dict[str, Any], environ: dict[str, str], trust: Tls
) -> None:
    assert resolve({**BASE, **options}, environ).trust == trust


@pytest.mark.parametrize(
    ("text", "verify"),
    [("", True), (" ", True), ("Yes", True), ("1", True), ("False", False), (" no ", False), ("0", False)],
)
def test_spellings_of_the_variable_for_verification(text: str, verify: bool) -> None:
    assert resolve(BASE, {"RS_VALIDATE_CERTS": text}).trust.verify is verify


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({"RS_VALIDATE_CERTS": "maybe"}, "RS_VALIDATE_CERTS: must be true or false"),
        ({"RS_CA_PATH": "/no/such.pem"}, "RS_CA_PATH: /no/such.pem cannot be read"),
        ({"RS_CERT_FINGERPRINT": "ab"}, "RS_CERT_FINGERPRINT: must be the SHA-256"),
    ],
)
def test_a_wrong_variable_is_named(environ: dict[str, str], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        resolve(BASE, environ)
    assert caught.value.messages[0].startswith(told)
    explicit = resolve({**BASE, "validate_certs": True, "cert_fingerprint": SHA}, environ)
    assert explicit.trust.fingerprint == SHA


@pytest.mark.parametrize(
    ("explicit", "environ", "folder"),
    [
        (None, {}, DEFAULT_DIRECTORY),
        (None, {"RS_TOKEN_CACHE": "/env"}, "/env"),
        ("/opt", {"RS_TOKEN_CACHE": "/env"}, "/opt"),
        ("", {"RS_TOKEN_CACHE": "/env"}, ""),
        (None, {"RS_TOKEN_CACHE": ""}, ""),
    ],
)
def test_token_cache(explicit: str | None, environ: dict[str, str], folder: str) -> None:
    assert resolve({**BASE, "token_cache": explicit}, environ).token_cache == folder


def test_timeout() -> None:
    assert resolve(BASE, {}).timeout == 300.0
    assert resolve({**BASE, "request_timeout": 7}, {}).timeout == 7.0


def test_settings_can_be_a_key() -> None:
    assert len({resolve(BASE, {}), resolve(BASE, {}), resolve({"key": "u:p"}, {})}) == 2


def test_connecting_to_one_endpoint_asks_nothing() -> None:
    client = settings.connect(resolve({**BASE, "endpoint": "https://127.0.0.1:1"}, {}))
    assert client.endpoint == "https://127.0.0.1:1"
    client.close()


BUNDLES = [{}, {"REQUESTS_CA_BUNDLE": "/env.pem"}, {"CURL_CA_BUNDLE": "/env.pem"}]


@pytest.mark.parametrize("environ", BUNDLES)
@pytest.mark.parametrize(
    ("trust", "ca_bundle"),
    [
        (Tls(verify=False), False),
        (Tls(verify=False, ca_path="/my.pem"), False),
        (Tls(ca_path="/my.pem"), "/my.pem"),
        (Tls(fingerprint=SHA), False),
        (Tls(fingerprint=SHA, ca_path="/my.pem"), "/my.pem"),
        (Tls(verify=False, fingerprint=SHA, ca_path="/my.pem"), False),
    ],
)
def test_an_environment_bundle_never_overrides_a_choice(
    trust: Tls, ca_bundle: bool | str, environ: dict[str, str]
) -> None:
    assert trust.ca_bundle(Environment.of(environ)) == ca_bundle


@pytest.mark.parametrize(
    ("environ", "ca_bundle"),
    [
        ({}, True),
        ({"REQUESTS_CA_BUNDLE": ""}, True),
        ({"REQUESTS_CA_BUNDLE": "a"}, "a"),
        ({"CURL_CA_BUNDLE": "b"}, "b"),
        ({"CURL_CA_BUNDLE": "b", "REQUESTS_CA_BUNDLE": "a"}, "a"),
    ],
)
def test_an_environment_bundle_counts_when_nothing_was_chosen(
    environ: dict[str, str], ca_bundle: bool | str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in "ab":
        (tmp_path / name).write_text("")
    assert Tls().ca_bundle(Environment.of(environ)) == ca_bundle


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_an_environment_bundle_that_is_missing_is_named(name: str) -> None:
    with pytest.raises(UsageError, match=f"{name}: /no/such.pem cannot be read"):
        Tls().ca_bundle(Environment.of({name: "/no/such.pem"}))


@pytest.mark.parametrize(
    ("options", "environ", "name"),
    [
        ({"token": "abc\u20ac"}, {}, "token"),
        ({"token": "abc def"}, {}, "token"),
        ({"token": "abc\ndef"}, {}, "token"),
        ({}, {"RS_TOKEN": "abc\u00e9"}, "RS_TOKEN"),
        ({}, {"RS_TOKEN": " \n"}, "RS_TOKEN"),
    ],
)
def test_tokens_that_no_header_can_hold(options: dict[str, Any], environ: dict[str, str], name: str) -> None:
    with pytest.raises(UsageError, match=rf"^CLIENT_ERROR: {name}: (is|holds) ") as refused:
        resolve(options, environ)
    assert "abc" not in str(refused.value)


def test_a_line_break_after_a_token_does_not_count() -> None:
    assert resolve({"token": "abc\n"}, {}).token == "abc"


@pytest.mark.parametrize(
    ("written", "endpoint"),
    [
        ("https://h:8092/api/v3", "https://h:8092"),
        ("https://h:8092/api/v3/", "https://h:8092"),
        ("https://h/drp//api/v3", "https://h/drp"),
        ("https://h/api/v3x", "https://h/api/v3x"),
    ],
)
def test_the_path_of_the_api_is_no_part_of_the_endpoint(written: str, endpoint: str) -> None:
    assert resolve({**BASE, "endpoint": written}, {}).endpoints == (endpoint,)


@pytest.mark.parametrize("environ", [{"RS_USERNAME": "u"}, {"RS_PASSWORD": "p"}])
def test_half_of_the_variables_of_a_user(environ: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="RS_USERNAME and RS_PASSWORD: set both or neither"):
        resolve({}, environ)


@pytest.mark.parametrize(
    ("options", "environ", "verify", "warns"),
    [
        ({}, {"RS_SKIP_VERIFY": "true"}, False, True),
        ({}, {"RS_SKIP_VERIFY": "1", "RS_VALIDATE_CERTS": ""}, False, True),
        ({}, {"RS_SKIP_VERIFY": "false"}, True, False),
        ({}, {"RS_SKIP_VERIFY": ""}, True, False),
        ({}, {"RS_SKIP_VERIFY": "true", "RS_VALIDATE_CERTS": "true"}, True, False),
        ({}, {"RS_SKIP_VERIFY": "true", "RS_CERT_FINGERPRINT": SHA}, False, False),
        ({"validate_certs": True}, {"RS_SKIP_VERIFY": "true"}, True, False),
        ({"validate_certs": False}, {"RS_SKIP_VERIFY": "true"}, False, False),
        ({"cert_fingerprint": SHA}, {"RS_SKIP_VERIFY": "true"}, True, False),
    ],
)
def test_the_variable_that_turns_verification_off(
    options: dict[str, Any], environ: dict[str, str], verify: bool, warns: bool
) -> None:
    resolved = resolve({**BASE, **options}, environ)
    assert resolved.trust.verify is verify
    assert bool(resolved.warnings) is warns
    client = settings.connect(resolved)
    assert [text.split(":")[0] for text in client.warnings] == ["RS_SKIP_VERIFY is set"] * warns


def test_a_skipping_variable_that_says_neither() -> None:
    with pytest.raises(UsageError, match="RS_SKIP_VERIFY: must be true or false"):
        resolve(BASE, {"RS_SKIP_VERIFY": "maybe"})


@pytest.mark.parametrize("environ", [{}, {"RS_CLIENT_CERT": "/nowhere.pem", "RS_CLIENT_KEY": "/nowhere.key"}])
def test_client_certificates_that_cannot_be_used(tmp_path: Path, environ: dict[str, str]) -> None:
    """Whatever is wrong is said of the option, or of the variable that it came from."""
    junk = tmp_path / "junk.pem"
    junk.write_text("no certificate")
    for options, told in (
        ({"client_key": str(junk)}, "client_key: requires client_cert"),
        ({"client_cert": "/nowhere.pem"}, "client_cert: /nowhere.pem cannot be read"),
        ({"client_cert": str(tmp_path)}, f"client_cert: {tmp_path} cannot be read"),
        ({"client_cert": str(junk), "client_key": "/nowhere.key"}, "client_key: /nowhere.key cannot be read"),
        ({"client_cert": str(junk)}, f"client_cert: {junk} must hold a certificate and its private key"),
    ):
        with pytest.raises(UsageError) as caught:
            resolve({**BASE, **options}, environ)
        assert caught.value.messages[0].startswith(told)
    if environ:
        with pytest.raises(UsageError, match="RS_CLIENT_CERT: /nowhere.pem cannot be read"):
            resolve(BASE, environ)
