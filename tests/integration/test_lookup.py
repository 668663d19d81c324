# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup plugins from inside a playbook."""

from __future__ import annotations

import typing as t

import pytest
from info_tasks import add, as_shown, limited, looked_up
from playbook_runner import PlaybookRunner, PlayResult

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.objects.secure import seal
from simulator.launch import PASSWORD, USERNAME
from simulator.testing import Api

PARAM, OBJECT = "'digitalrebar.provision.drp_param'", "'digitalrebar.provision.drp_object'"


@pytest.fixture
def api(run_tasks: PlaybookRunner) -> Api:
    """A machine with params of its own, of its profile and of nobody but the definition."""
    api = Api(run_tasks.simulator)
    add(api, "params", Name="rack/row", Schema={"type": "integer", "default": 9})
    add(api, "params", Name="pin", Schema={"type": "string"}, Secure=True)
    add(api, "profiles", Name="web", Params={"from/profile": ["a", "b"]})
    params = {"own": {"x": 1}, "template": "{{ 6 * 7 }}", "no": False}
    shape = {"Address": "192.0.2.1", "Profiles": ["web"], "Params": params, "Meta": {"a.b": "c"}}
    uuid = add(api, "machines", Name="m1", **shape)["Uuid"]
    add(api, "machines", Name="m2")
    sealed = seal("open-sesame", api("GET", f"machines/{uuid}/pubkey").json())
    api("POST", f"machines/{uuid}/params/pin", json=sealed).raise_for_status()
    return api


def asked(
    run_tasks: PlaybookRunner, *expressions: str, flags: t.Sequence[str] = (), **variables: t.Any
) -> PlayResult:
    """The values of templates; the connection is in variables, as a user may have it in group_vars."""
    connection = {f"drp_{name}": value for name, value in {**run_tasks.defaults, **variables}.items()}
    return run_tasks(*(looked_up(expression, **connection) for expression in expressions), flags=flags)


def values(played: PlayResult) -> list[t.Any]:
    return [result.get("msg") for result in played.results]


def test_params(run_tasks: PlaybookRunner, api: Api) -> None:
    played = asked(
        run_tasks,
        f"lookup({PARAM}, 'own', machine='m1')",
        f"lookup({PARAM}, 'from/profile', machine='m1')",
        f"lookup({PARAM}, 'rack/row', machine='m1')",
        f"lookup({PARAM}, 'from/profile', machine='m1', aggregate=false, default='none')",
        f"lookup({PARAM}, 'from/profile', profile='web')",
        f"query({PARAM}, 'no', 'rack/row', 'absent', machine='Name:m1')",
        f"lookup({PARAM}, 'template', machine='m1')",
        f"lookup({PARAM}, 'pin', machine='m1', decode=true)",
        f"lookup({PARAM}, 'absent', machine='m1') is none",
    )
    assert played.code == 0, played.output
    assert values(played) == [
        {"x": 1},
        ["a", "b"],
        as_shown(9),
        "none",
        ["a", "b"],
        [False, 9, None],
        "{{ 6 * 7 }}",
        "open-sesame",
        True,
    ]


def test_objects(run_tasks: PlaybookRunner, api: Api) -> None:
    played = asked(
        run_tasks,
        f"lookup({OBJECT}, 'm1', member='Address')",
        f"lookup({OBJECT}, 'm1', member='/Meta/a.b')",
        f"lookup({OBJECT}, 'm1', member='Params.template')",
        f"query({OBJECT}, 'm2', 'm1', member='Name')",
        f"query({OBJECT}, filters={{'Address': '192.0.2.1'}}, member='Name')",
        f"query({OBJECT}, filters={{'Name': {{'Between': ['m0', 'm9']}}}}) | map(attribute='Name') | sort",
        f"query({OBJECT}, filters={{'Name': 'nobody'}})",
        f"lookup({OBJECT}, 'global', kind='profiles')['Name']",
        f"query({OBJECT}, kind='stages', member='Name')",
        f"lookup({OBJECT}, 'm1', member='Params.absent', default=0)",
        f"'Secret' in lookup({OBJECT}, 'm1')",
        f"lookup({OBJECT}, 'nobody', errors='ignore') is none",
    )
    assert played.code == 0, played.output
    assert values(played) == [
        "192.0.2.1",
        "c",
        "{{ 6 * 7 }}",
        ["m2", "m1"],
        ["m1"],
        ["m1", "m2"],
        [],
        "global",
        ["local", "none"],
        as_shown(0),
        False,
        True,
    ]


@pytest.mark.parametrize(
    ("verify", "told"),
    [("ture", "validate_certs: 'ture' is neither true nor false"), ("{{ not no_verify }}", "is not trusted")],
)
def test_no_variable_turns_verification_off_by_mistake(
    run_tasks: PlaybookRunner, verify: str, told: str
) -> None:
    """Ansible takes for false what it does not understand, a template among it."""
    given = {"validate_certs": verify, "ca_path": None, "token_cache": ""}
    variables = {f"drp_{name}": value for name, value in {**run_tasks.defaults, **given}.items()}
    played = run_tasks(looked_up(f"lookup({OBJECT}, 'm1')", **variables, no_verify=False))
    assert told in str(values(played)[0])


def test_templates_in_variables(run_tasks: PlaybookRunner, api: Api) -> None:
    """Of each type: a text, a path, a flag, a number."""
    own = {"place": "{{ drp_ca_path_of_the_lab }}", "drp_ca_path_of_the_lab": run_tasks.defaults["ca_path"]}
    given = {"ca_path": "{{ place }}", "validate_certs": "{{ 1 == 1 }}", "request_timeout": "{{ 10 + 10 }}"}
    variables = {f"drp_{name}": value for name, value in {**run_tasks.defaults, **given}.items()}
    played = run_tasks(looked_up(f"lookup({OBJECT}, 'm1', member='Name')", **variables, **own))
    assert played.code == 0, played.output
    assert values(played) == ["m1"]


def test_mistakes(run_tasks: PlaybookRunner, api: Api) -> None:
    played = asked(
        run_tasks,
        f"lookup({PARAM}, 'own')",
        f"lookup({PARAM}, 'own', machine='m1', profile='web')",
        f"lookup({PARAM}, 'own', machine='nobody')",
        f"lookup({PARAM}, 'pin', machine='m1')",
        f"lookup({PARAM}, 'own', machin='m1')",
        f"lookup({OBJECT}, 'm1', kind='machine')",
        f"lookup({OBJECT}, 'nobody', 'm1')",
        f"lookup({OBJECT}, 'm1', member='Params.absent')",
        f"lookup({OBJECT}, filters={{'nmae': 'x'}})",
        f"lookup({OBJECT}, 'm1', filters={{'Name': 'x'}})",
        f"lookup({OBJECT}, 'm1', username='x', password='wrong-secret', token_cache='')",
        f"lookup({OBJECT}, 'm1', endpoint='drp')",
        f"lookup({OBJECT}, 'm1', validate_certs='ture')",
        f"lookup({PARAM}, 'own', machine='m1', decode='perhaps')",
        flags=["-vvv"],
    )
    told = [str(value) for value in values(played)]
    expected = [
        "give one of machine, profile, plugin",
        "give one of machine, profile, plugin",
        "no such machine: nobody",
        "param pin is secure: set decode=true to read it",
        "unknown option machin. Did you mean machine?",
        "unknown kind 'machine'. Did you mean machines?",
        "no such machine: nobody",
        "member: machine m1 has no value at Params.absent, and no default is set",
        "filters: machines have no index nmae",
        "filters: cannot be combined with names of objects",
        "username, password, key, token: AUTH: ",
        "endpoint: 'drp' is not a URL",
        "validate_certs: 'ture' is neither true nor false",
        "decode: 'perhaps' is neither true nor false",
    ]
    assert [words for words, text in zip(expected, told, strict=True) if words not in text] == [], told
    assert "wrong-secret" not in "".join(told)
    assert "open-sesame" not in played.output
    assert PASSWORD not in "".join(told)


def test_missing_claims(run_tasks: PlaybookRunner, api: Api) -> None:
    weak = limited(api)
    played = asked(
        run_tasks,
        f"lookup({OBJECT}, 'm1')",
        f"lookup({PARAM}, 'pin', machine='m1', decode=true)",
        **weak,
    )
    for text in map(str, values(played)):
        assert "cannot read machine m1: it exists, but these credentials lack the claim" in text


def test_where_credentials_come_from(
    run_tasks: PlaybookRunner, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The call hides variables, and variables hide the environment; templates in variables are evaluated."""
    good = {"endpoint": run_tasks.simulator.endpoint, "ca_path": run_tasks.simulator.ca, "token_cache": ""}
    run_tasks.defaults = good
    monkeypatch.setenv("RS_KEY", f"{USERNAME}:wrong")
    name = f"lookup({OBJECT}, 'm1', member='Name')"
    by_variable = asked(run_tasks, name, key=f"{{{{ '{USERNAME}:' ~ '{PASSWORD}' }}}}")
    assert values(by_variable) == ["m1"]
    called = f"lookup({OBJECT}, 'm1', member='Name', username='{USERNAME}', password='{PASSWORD}')"
    assert values(asked(run_tasks, called, token="no-token")) == ["m1"]
    assert "refused the login" in str(values(asked(run_tasks, name))[0])
    monkeypatch.setenv("RS_KEY", f"{USERNAME}:{PASSWORD}")
    assert values(asked(run_tasks, name)) == ["m1"]


@pytest.mark.needs_counters
def test_lookups_cost_few_requests(run_tasks: PlaybookRunner, api: Api) -> None:
    since = len(run_tasks.simulator.log())
    asked(run_tasks, f"query({PARAM}, 'own', 'no', machine='m1')")
    paths = [
        line["path"] for line in run_tasks.simulator.log()[since:] if not line["path"].endswith("/token")
    ]
    uuid = api("GET", "machines/Name:m1").json()["Uuid"]
    assert paths == ["machines/Name:m1", f"machines/{uuid}/params/own", f"machines/{uuid}/params/no"]


@pytest.mark.needs_v4
def test_params_of_any_kind(run_tasks_v4: PlaybookRunner) -> None:
    api = Api(run_tasks_v4.simulator)
    add(api, "profiles", Name="base", Params={"from/profile": 1})
    add(api, "profiles", Name="web", Profiles=["base"])
    add(api, "clusters", Name="farm", Profiles=["web"], Params={"own": 2})
    add(api, "blueprints", Name="patch", Params={"own": 3})
    played = asked(
        run_tasks_v4,
        f"lookup({PARAM}, 'own', 'from/profile', kind='clusters', object='farm')",
        f"lookup({PARAM}, 'own', kind='blueprints', object='patch')",
        f"lookup({PARAM}, 'own', kind='tasks', object='x')",
        f"lookup({PARAM}, 'own', kind='clusters')",
        f"lookup({PARAM}, 'own', machine='m', kind='clusters')",
    )
    assert values(played)[:2] == [[2, 1], as_shown(3)]
    messages = " ".join(result["msg"] for result in played.results[2:])
    assert "kind: tasks have no params. Kinds with params: alerts, blueprints" in messages
    assert "give one of machine, profile, plugin, object" in messages
    assert "give object and kind together" in messages
