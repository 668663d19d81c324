# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client against a server: what both must agree on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.errors import (
    ApiError,
    CertificateRejected,
    Conflict,
    Invalid,
    LoginRequired,
    NotFound,
    UnreadableAnswer,
    UnservedKind,
    UsageError,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.objects import actions, params
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.patch import gen_patch
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.tls import peer_fingerprint

# -- objects


@pytest.mark.parametrize("kind", ["profiles", "machines"])
def test_a_life(client: Any, factory: Any, kind: str) -> None:
    made = factory.make(kind, Description="first")
    key = made["Uuid" if kind == "machines" else "Name"]
    assert made["Description"] == "first"
    assert made["Validated"] is True
    assert client.exists(kind, key)
    assert client.get(kind, key) == made
    old, new = client.get_for_patch(kind, key)
    new["Description"] = "second"
    assert client.patch_to(kind, old, new)["Description"] == "second"
    replaced = client.put(kind, {**client.get(kind, key), "Description": "third"})
    assert replaced["Description"] == "third"
    item = {"Name": made["Name"], "Uuid": key}
    assert client.fill(kind, item)["Description"] == "third"
    gone = client.delete(kind, key)
    assert gone["Description"] == "third"
    assert not client.exists(kind, key)
    assert client.find(kind, key) is None


def test_lookup_by_name(client: Any, factory: Any) -> None:
    made = factory.make("machines")
    assert client.get("machines", f"Name:{made['Name']}")["Uuid"] == made["Uuid"]
    assert client.exists("machines", f"Name:{made['Name']}")
    assert not client.exists("machines", f"Name:{made['Name'].upper()}")
    assert not client.exists("machines", f"Arch:{made['Arch']}")


def test_an_object_that_is_not_there(client: Any, factory: Any) -> None:
    name = factory.name()
    with pytest.raises(NotFound) as caught:
        client.get("profiles", name)
    assert caught.value.as_dict() == {
        "Model": "profiles",
        "Key": name,
        "Type": "GET",
        "Messages": ["Not Found"],
        "Code": 404,
    }
    assert str(caught.value) == f"GET: profiles/{name}: Not Found"
    for call in (client.delete, lambda kind, key: client.patch(kind, key, [])):
        with pytest.raises(NotFound):
            call("profiles", name)


def test_creating_twice(client: Any, factory: Any) -> None:
    made = factory.make("machines")
    with pytest.raises(Conflict, match="already exists"):
        client.create("machines", {"Name": factory.name(), "Uuid": made["Uuid"]})
    with pytest.raises(Invalid, match="violates unique index Name"):
        client.create("machines", {"Name": made["Name"]})


def test_names_with_special_letters(client: Any, factory: Any) -> None:
    name = f"{factory.name()}/with/slashes"
    made = factory.make("params", Name=name)
    assert client.get("params", name) == made
    assert client.exists("params", name)
    # a name that the server can only look up when it was encoded
    assert client.find("profiles", f"{factory.name()} what? 100% #1") is None


def test_a_new_machine(client: Any, factory: Any) -> None:
    made = factory.make("machines")
    assert made["Runnable"] is True
    assert (made["CurrentTask"], made["Arch"], made["Address"]) == (-1, "amd64", "")
    assert made["Profiles"] == made["Tasks"] == made["HardwareAddrs"] == []


def test_listing(client: Any, factory: Any) -> None:
    names = [factory.make("profiles", Description="x" if n % 2 else "")["Name"] for n in range(7)]
    span = ["Name", "Between", names[0], names[-1]]

    def listed(*words: str, **options: Any) -> list[str]:
        return [item["Name"] for item in client.list("profiles", *words, **options)]

    assert set(names) < set(listed())
    assert listed(*span) == names
    assert listed(*span, "reverse") == names[::-1]
    assert listed(*span, "sort", "Name", "limit", "2", "offset", "1") == names[1:3]
    assert listed(*span, "limit", "0") == []
    assert listed("Name", "eq", names[3]) == [names[3]]
    assert listed(*span, "Name", "gt", "zzz", "limit", "1")
    for page_size in (1, 3, 7, 100):
        assert listed(*span, page_size=page_size) == names
    assert sorted(listed(page_size=3)) == sorted(listed())


def test_objects_that_match_twice_come_once(client: Any, factory: Any) -> None:
    one, two = factory.make("profiles")["Name"], factory.make("profiles")["Name"]
    found = client.list("profiles", "Name", "eq", one, "Name", "between", one, two)
    assert [item["Name"] for item in found] == [one, two]


def test_filters_on_booleans_and_params(client: Any, factory: Any) -> None:
    param = factory.make("params", Schema={"type": "string"})["Name"]
    machine = factory.make("machines", Params={param: "here"})
    factory.make("machines", Params={param: "there"})
    found = client.list("machines", param, "eq", "here", "Runnable", "eq", "true")
    assert [item["Uuid"] for item in found] == [machine["Uuid"]]
    slim = client.list("machines", "Uuid", "eq", machine["Uuid"], "slim", "Params")
    assert slim[0]["Params"] == {}


def test_filters_that_the_server_refuses(client: Any) -> None:
    with pytest.raises(ApiError, match="Filter not found: Nope") as caught:
        client.list("profiles", "Nope", "eq", "x")
    assert caught.value.code == 406
    with pytest.raises(ApiError, match="Not sortable: Nope"):
        client.list("profiles", "sort", "Nope")


@pytest.mark.needs_counters
def test_filters_that_would_crash_a_server_are_not_sent(client: Any, endpoint: Any) -> None:
    for words in (["Name", "Eq"], ["Name", "Between", "a"], ["Name", "eq", "a)"]):
        with pytest.raises(UsageError):
            client.list("profiles", *words)
    with pytest.raises(UsageError, match="unknown kind"):
        params.get_meta(client, "profile", "global")
    assert endpoint.simulator.stats()["would_crash"] == 0


# -- patches


def test_a_stale_patch_conflicts(client: Any, factory: Any) -> None:
    made = factory.make("machines", Description="one")
    old, new = client.get_for_patch("machines", made["Uuid"])
    client.patch("machines", made["Uuid"], gen_patch({"Description": "one"}, {"Description": "two"}))
    new["Description"] = "three"
    with pytest.raises(Conflict) as caught:
        client.patch_to("machines", old, new)
    assert caught.value.code == 409
    assert caught.value.messages[0] == "Patch error at line 0: Test op failed."
    assert json.loads(caught.value.messages[1].removeprefix("Patch line: ")) == {
        "op": "test",
        "path": "/Description",
        "from": "",
        "value": "one",
    }
    assert client.get("machines", made["Uuid"])["Description"] == "two"


def test_paranoid_sees_changes_elsewhere(client: Any, factory: Any) -> None:
    name = factory.make("profiles")["Name"]
    old, new = client.get_for_patch("profiles", name)
    new["Description"] = "mine"
    client.patch("profiles", name, [{"op": "add", "path": "/Meta/color", "value": "red"}])
    with pytest.raises(Conflict):
        client.patch_to("profiles", old, new, paranoid=True)
    changed = client.patch_to("profiles", old, new)
    assert (changed["Description"], changed["Meta"]["color"]) == ("mine", "red")
    old, new = client.get_for_patch("profiles", name)
    new["Description"] = "mine again"
    assert client.patch_to("profiles", old, new, paranoid=True)["Description"] == "mine again"


def test_an_empty_patch_is_a_save(client: Any, factory: Any) -> None:
    made = factory.make("profiles")
    assert client.patch("profiles", made["Name"], []) == made


def test_force_moves_a_machine(client: Any, factory: Any) -> None:
    task = factory.make("tasks")["Name"]
    one = factory.make("stages", Tasks=[task])["Name"]
    two = factory.make("stages", Tasks=[task])["Name"]
    machine = factory.make("machines", Stage=one)
    move = gen_patch({"Stage": one}, {"Stage": two})
    with pytest.raises(Invalid):
        client.patch("machines", machine["Uuid"], move)
    assert client.patch("machines", machine["Uuid"], move, force=True)["Stage"] == two


# -- params and meta


def test_params(client: Any, factory: Any) -> None:
    name, odd = factory.make("params")["Name"], f"{factory.name()}/odd~name"
    factory.make("params", Name=(slashed := f"{factory.name()}/slashed"))
    profile = factory.make("profiles", Params={name: "from profile"})["Name"]
    uuid = factory.make("machines", Profiles=[profile])["Uuid"]

    assert params.get_all(client, "machines", uuid) == {}
    assert params.get(client, "machines", uuid, name) is None
    assert params.get(client, "machines", uuid, name, aggregate=True) == "from profile"
    assert params.get_all(client, "machines", uuid, aggregate=True)[name] == "from profile"

    for value in ({"a": [1, None]}, [], 0, False, "", "text", 1.5):
        assert params.set(client, "machines", uuid, name, value) == value
        assert params.get(client, "machines", uuid, name) == value
    assert params.set(client, "machines", uuid, name, None) is None
    assert params.set(client, "machines", uuid, slashed, 7) == 7
    assert params.get_all(client, "machines", uuid) == {name: None, slashed: 7}

    assert params.delete(client, "machines", uuid, slashed) is True
    assert params.delete(client, "machines", uuid, slashed) is False
    with pytest.raises(NotFound):
        params.delete(client, "machines", f"Name:{factory.name()}", slashed)

    assert params.replace_all(client, "machines", uuid, {slashed: 1}) == {slashed: 1}
    operations = gen_patch({slashed: 1}, {slashed: 2, name: "x"})
    assert params.patch(client, "machines", uuid, operations) == {slashed: 2, name: "x"}
    with pytest.raises(Conflict, match="Test op failed"):
        params.patch(client, "machines", uuid, operations)
    assert params.replace_all(client, "machines", uuid, {}) == {}
    assert params.get(client, "machines", uuid, odd) is None


def test_the_default_of_a_schema_counts_at_the_end(client: Any, factory: Any) -> None:
    name = factory.make("params", Schema={"type": "integer", "default": 5})["Name"]
    uuid = factory.make("machines")["Uuid"]
    assert params.get(client, "machines", uuid, name) is None
    assert params.get(client, "machines", uuid, name, aggregate=True) == 5
    with pytest.raises(Conflict, match="invalid val"):
        params.set(client, "machines", uuid, name, "no integer")


def test_public_key(client: Any, factory: Any) -> None:
    uuid = factory.make("machines")["Uuid"]
    assert len(params.public_key(client, "machines", uuid)) == 44


def test_meta(client: Any, factory: Any) -> None:
    name = factory.make("profiles", Meta={"color": "red"})["Name"]
    meta = params.get_meta(client, "profiles", name)
    assert meta["color"] == "red"
    changed = params.patch_meta(
        client, "profiles", name, gen_patch(meta, {**meta, "color": "blue", "a/b": "c"})
    )
    assert (changed["color"], changed["a/b"]) == ("blue", "c")
    with pytest.raises(Conflict):
        params.patch_meta(client, "profiles", name, gen_patch({"color": "red"}, {"color": "x"}))
    with pytest.raises(UsageError):
        params.get_meta(client, "prefs", "x")


# -- actions


def test_an_action_that_nobody_offers(client: Any, factory: Any) -> None:
    uuid = factory.make("machines")["Uuid"]
    command = factory.name()
    assert command not in [action["Command"] for action in actions.available(client, "machines", uuid)]
    with pytest.raises(NotFound):
        actions.describe(client, "machines", uuid, command)
    with pytest.raises(ApiError) as caught:
        actions.run(client, "machines", uuid, command)
    assert (caught.value.code, caught.value.type) == (400, "INVOKE")
    assert f"Action {command} on machines: Not Found" in str(caught.value)
    assert isinstance(actions.available(client, actions.SYSTEM), list)


# -- the server itself


def test_info(client: Any) -> None:
    info = client.info()
    assert isinstance(info["api_port"], int)
    assert info["version"].startswith("v")
    assert client.has_feature("api-v3")
    assert not client.has_feature("no-such-feature")


def test_logs(client: Any) -> None:
    lines = client.logs()
    assert isinstance(lines, list)
    assert all({"Message", "Level", "Seq"} <= set(line) for line in lines)


def test_indexes(client: Any, factory: Any) -> None:
    """A v3.12 server answers a static index with two documents; only the first one counts."""
    everything = client.all_indexes()
    assert everything["machines"]["Name"]["Unique"] is True
    assert client.indexes("machines") == everything["machines"]
    assert client.one_index("machines", "Name") == everything["machines"]["Name"]
    assert client.one_index("machines", factory.name()) == {}
    param = factory.make("params", Schema={"type": "string"})["Name"]
    assert client.one_index("machines", param)["Type"] == "parameter"


def test_kinds(client: Any) -> None:
    kinds = client.kinds()
    assert {"machines", "profiles", "jobs"} <= set(kinds)
    assert not {"info", "files", "isos", "preferences"} & set(kinds)
    assert client.require_kind("machines").key == "Uuid"
    with pytest.raises(UsageError, match="Did you mean machines"):
        client.require_kind("machine")


def test_a_route_that_is_not_there(client: Any) -> None:
    with pytest.raises(NotFound, match="No route"):
        client.req().get().url_for("machines", "a", "b", "c").do()


def test_a_kind_that_is_not_served(client: Any) -> None:
    for ask in (
        lambda: client.list("no_such_kind"),
        lambda: client.get("no_such_kind", "x"),
        lambda: client.find("no_such_kind", "x"),
    ):
        with pytest.raises(UnservedKind, match=r"this server \(version v.*\) does not serve no_such_kind"):
            ask()
    assert client.find("profiles", "no-such-profile") is None


# -- trust


@pytest.mark.needs_counters
def test_an_untrusted_certificate_is_refused_at_once(connect: Any, endpoint: Any) -> None:
    with pytest.raises(CertificateRejected, match="is not trusted") as caught:
        connect(ca_path=None).get("profiles", "global")
    assert endpoint.simulator.fingerprint in str(caught.value)
    assert endpoint.simulator.stats()["requests"] == 0


@pytest.mark.parametrize("bundle", ["bogus", "missing"])
@pytest.mark.parametrize("choice", ["ca_path", "fingerprint", "off"])
def test_a_choice_of_trust_beats_the_environment(
    connect: Any,
    endpoint: Any,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    choice: str,
    bundle: str,
) -> None:
    if bundle == "bogus":
        (tmp_path / "bogus.pem").write_text("no certificate")
    for name in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.setenv(name, str(tmp_path / "bogus.pem"))
    options = {
        "ca_path": {},
        "fingerprint": {"ca_path": None, "cert_fingerprint": endpoint.simulator.fingerprint},
        "off": {"ca_path": None, "validate_certs": False},
    }
    assert connect(**options[choice]).get("profiles", "global")["Name"] == "global"


@pytest.mark.parametrize("bundle", ["bogus", "missing", "right"])
def test_the_environment_counts_when_nothing_was_chosen(
    connect: Any, endpoint: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bundle: str
) -> None:
    (tmp_path / "bogus.pem").write_text("no certificate")
    path = endpoint.simulator.ca if bundle == "right" else tmp_path / f"{bundle}.pem"
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(path))
    if bundle == "right":
        assert connect(ca_path=None).get("profiles", "global")["Name"] == "global"
    else:
        with pytest.raises((CertificateRejected, UsageError)):
            connect(ca_path=None).get("profiles", "global")


@pytest.mark.needs_counters
def test_fingerprints(connect: Any, endpoint: Any) -> None:
    right = endpoint.simulator.fingerprint
    wrong = right[:-1] + ("0" if right[-1] != "0" else "1")
    host, port = endpoint.url.removeprefix("https://").split(":")
    assert peer_fingerprint(host, int(port)) == right
    with_colons = ":".join(right[number : number + 2] for number in range(0, 64, 2)).upper()
    for pinned in (right, with_colons):
        assert connect(ca_path=None, cert_fingerprint=pinned).exists("profiles", "global")
    assert connect(cert_fingerprint=right).exists("profiles", "global")
    endpoint.simulator.reset_stats()
    for options in ({"ca_path": None}, {}, {"ca_path": None, "validate_certs": False}):
        with pytest.raises(CertificateRejected, match="requires") as caught:
            connect(cert_fingerprint=wrong, token_cache="", **options).get("profiles", "global")
        assert right in str(caught.value)
    assert endpoint.simulator.stats()["requests"] == 0


def test_a_ca_that_did_not_sign_it(connect: Any, endpoint: Any, tmp_path: Path) -> None:
    (tmp_path / "empty.pem").write_text("")
    with pytest.raises(CertificateRejected):
        connect(ca_path=str(tmp_path / "empty.pem")).get("profiles", "global")


# -- credentials


def test_a_wrong_password(connect: Any, endpoint: Any) -> None:
    user = endpoint.key.partition(":")[0]
    with pytest.raises(LoginRequired, match="unknown user or wrong password"):
        connect(key=f"{user}:certainly wrong").get("profiles", "global")
    with pytest.raises(LoginRequired):
        connect(key="nobody-at-all:x").get("profiles", "global")


def test_a_token_of_one_client_serves_another(connect: Any, client: Any) -> None:
    other = connect(key=None, token=client.token())
    assert other.get("profiles", "global")["Name"] == "global"
    assert other.username == ""
    with pytest.raises(LoginRequired, match="does not accept the token"):
        connect(key=None, token="forged").get("profiles", "global")


@pytest.mark.needs_counters
def test_one_login_for_many_clients(connect: Any, endpoint: Any) -> None:
    for _ in range(3):
        connect().get("profiles", "global")
    assert endpoint.simulator.stats()["logins"] == 1


@pytest.mark.needs_faults
def test_expired_tokens(connect: Any, client: Any, endpoint: Any) -> None:
    bare = connect(key=None, token=client.token())
    client.get("profiles", "global")
    endpoint.simulator.expire_tokens()
    with pytest.raises(LoginRequired):
        bare.get("profiles", "global")
    assert client.get("profiles", "global")["Name"] == "global"
    assert connect().get("profiles", "global")["Name"] == "global"


def test_a_changed_password_revokes_tokens(client: Any, factory: Any, connect: Any) -> None:
    name = factory.make("users")["Name"]
    client.req().put({"Password": "first"}).url_for("users", name, "password").do()
    user = connect(key=f"{name}:first")
    assert user.info()["version"]
    client.req().put({"Password": "second"}).url_for("users", name, "password").do()
    for _number in range(2):
        with pytest.raises(LoginRequired, match="refused the login"):
            user.req().get().url_for("info").do()
    assert connect(key=f"{name}:second").req().get().url_for("info").do()["version"]


# -- a bad day


@pytest.mark.needs_faults
def test_a_lost_reply_to_a_create(client: Any, factory: Any, endpoint: Any) -> None:
    client.token()
    endpoint.simulator.fault("lose_reply", "profiles", "POST", times=1)
    name = factory.name()
    factory.made.append(("profiles", name))
    assert client.create("profiles", {"Name": name, "Params": {}})["Name"] == name


@pytest.mark.needs_faults
def test_half_an_answer_and_a_page_of_a_proxy(client: Any, endpoint: Any) -> None:
    client.token()
    endpoint.simulator.fault("half", "profiles/global", "GET", times=1)
    assert client.get("profiles", "global")["Name"] == "global"
    endpoint.simulator.fault("html", "profiles/global", "GET", times=1)
    with pytest.raises((UnreadableAnswer, ApiError)):
        client.get("profiles", "global")
    endpoint.simulator.fault("status", "profiles/global", "GET", times=1, status=500)
    with pytest.raises(ApiError) as caught:
        client.get("profiles", "global")
    assert caught.value.code == 500
