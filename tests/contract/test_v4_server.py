# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The embedded server in v4 manner: what clients of v4 find there beyond what v3.12 has."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest
from checkout import ROOT

from ansible_collections.digitalrebar.provision.plugins.module_utils import runner
from ansible_collections.digitalrebar.provision.plugins.module_utils.client import models, settings
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.client import Client
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.objects import params, pools
from ansible_collections.digitalrebar.provision.plugins.modules import drp_content
from simulator.launch import Simulator
from simulator.testing import Api

DATA = ROOT.parent / "shared/data/v4"
KEY = "rocketskates:r0cketsk8ts"


@pytest.fixture
def api(v4_simulator: Simulator) -> Api:
    v4_simulator.reset()
    return Api(v4_simulator)


@pytest.fixture
def v4(v4_simulator: Simulator, api: Api) -> Iterator[Client]:
    options = {"endpoint": v4_simulator.endpoint, "key": KEY, "ca_path": v4_simulator.ca, "token_cache": ""}
    with settings.connect(settings.resolve(options)) as client:
        yield client


def add(client: Client, kind: str, **item: Any) -> dict[str, Any]:
    return client.create(kind, item)


def names(found: list[dict[str, Any]]) -> list[str]:
    return sorted(item["Name"] for item in found)


def workflow(client: Client, name: str, *tasks: str) -> None:
    """A workflow of one stage; tasks that are not there yet are made."""
    for task in tasks:
        if ":" not in task and not client.find("tasks", task):
            add(client, "tasks", Name=task)
    add(client, "stages", Name=f"{name}-stage", Tasks=list(tasks))
    add(client, "workflows", Name=name, Stages=[f"{name}-stage"])


@pytest.mark.needs_v4
def test_the_indexes_are_complete(v4: Client) -> None:
    indexes = v4.all_indexes()
    without = {"connections", "interfaces", "plugin_providers"}
    assert set(indexes) >= set(models.MODELS) - without
    for kind in set(models.MODELS) - without:
        known = set(models.MODELS[kind].fields) - {"Partial", "Profile", "Documentation"}
        assert known - {"Description"} <= set(indexes[kind]), kind
        assert indexes[kind]["Key"]["Unique"]
    assert indexes["clusters"]["Name"]["Unique"]


@pytest.mark.needs_v4
def test_any_field_and_any_param_can_be_filtered(v4: Client) -> None:
    add(v4, "params", Name="rack", Schema={"type": "string"})
    add(v4, "profiles", Name="web")
    add(v4, "machines", Name="m1", Profiles=["web"], Params={"rack": "r1"}, Description="first")
    add(v4, "machines", Name="m2", WorkOrderMode=True)
    assert names(v4.list("machines", "Profiles", "Eq", "web")) == ["m1"]
    assert names(v4.list("machines", "Description", "Re", "^f")) == ["m1"]
    assert names(v4.list("machines", "WorkOrderMode", "Eq", "true")) == ["m2"]
    assert names(v4.list("machines", "Params.rack", "Eq", "r1")) == ["m1"]
    assert names(v4.list("machines", "CurrentTask", "Lt", "0")) == ["m1", "m2"]
    assert names(v4.list("machines", "CreatedBy", "Eq", "nobody")) == []


@pytest.mark.needs_v4
def test_params_of_all_sources_in_lists_and_objects(v4: Client) -> None:
    add(v4, "profiles", Name="base", Params={"p/a": "base", "p/b": "base"})
    add(v4, "profiles", Name="web", Params={"p/a": "web"}, Profiles=["base"])
    params.set(v4, "profiles", "global", "p/c", "global")
    uuid = add(v4, "machines", Name="m1", Profiles=["web"])["Uuid"]
    expected = {"p/a": "web", "p/b": "base", "p/c": "global"}
    assert params.get_all(v4, "machines", uuid, aggregate=True) == expected
    listed = v4.req().get().url_for("machines").params("aggregate", "true").do()
    assert [item["Params"] for item in listed] == [expected]
    one = v4.req().get().url_for("machines", uuid).params("aggregate", "true", "params", "p/b").do()
    assert (one["Params"], one["Partial"]) == ({"p/b": "base"}, True)
    reduced = v4.req().get().url_for("machines", uuid).params("reduced", "true").do()
    assert not {"Validated", "CreatedAt"} & set(reduced)


@pytest.mark.needs_v4
def test_who_has_written_it_and_when(v4: Client) -> None:
    made = add(v4, "tasks", Name="task")
    assert made["CreatedBy"] == made["LastModifiedBy"] != ""
    assert made["CreatedAt"] == made["LastModifiedAt"] > "2000"
    later = v4.patch("tasks", "task", [{"op": "replace", "path": "/Description", "value": "d"}])
    assert later["CreatedAt"] == made["CreatedAt"]
    assert later["LastModifiedAt"] > made["LastModifiedAt"]


@pytest.mark.needs_v4
def test_what_a_task_needs_comes_before_it(v4: Client) -> None:
    add(v4, "tasks", Name="t0")
    add(v4, "tasks", Name="t1", Prerequisites=["t0"])
    add(v4, "tasks", Name="t2", Prerequisites=["t1", "t0"])
    workflow(v4, "flow", "t2", "t1", "t0")
    made = add(v4, "machines", Name="m1", Workflow="flow")
    assert made["Tasks"] == ["stage:flow-stage", "t0", "t1", "t2", "t1", "t0"]
    circle = [{"op": "replace", "path": "/Prerequisites", "value": ["t2"]}]
    with pytest.raises(Exception, match="requires itself"):
        v4.patch("tasks", "t0", circle)


@pytest.mark.needs_v4
def test_a_machine_is_sent_into_a_context_and_back(v4: Client, api: Api) -> None:
    add(v4, "contexts", Name="runner")
    claims = [{"scope": "machines", "action": "list", "specific": "*"}]
    add(v4, "tasks", Name="inside", ExtraClaims=claims)
    workflow(v4, "flow", "context:runner", "inside", "context:", "outside")
    machine = add(v4, "machines", Name="m1", Workflow="flow")["Uuid"]
    assert v4.get("machines", machine)["Available"]

    def next_job(**asked: str) -> tuple[int, dict[str, Any]]:
        answer = api("POST", "jobs", json={"Machine": machine, **asked})
        return answer.status_code, answer.json() if answer.content else {}

    assert next_job()[0] == 204  # stage and context are entered, as one job
    entered = v4.get("machines", machine)
    assert (entered["Context"], entered["CurrentTask"]) == ("runner", 1)
    assert next_job() == (204, {})  # which is for another agent
    status, job = next_job(Context="runner")
    assert (status, job["Task"], job["Context"], job["ExtraClaims"]) == (201, "inside", "runner", claims)
    v4.patch("jobs", job["Uuid"], [{"op": "replace", "path": "/State", "value": "finished"}])
    assert next_job(Context="runner")[0] == 204
    assert next_job()[1]["Task"] == "outside"


@pytest.mark.needs_v4
def test_a_machine_leaves_one_pool_before_it_joins_the_next(v4: Client) -> None:
    workflow(v4, "bye", "clean")
    workflow(v4, "hello", "greet")
    assert add(v4, "pools", Id="old", ExitActions={"Workflow": "bye"})["ParentPool"] == "default"
    add(v4, "pools", Id="new", EnterActions={"Workflow": "hello", "AddParameters": {"p/a": 1}})
    machine = add(v4, "machines", Name="m1")["Uuid"]
    pools.add(v4, "old", pools.Selection(machines=[machine]))

    def state() -> tuple[str, str, str]:
        item = v4.get("machines", machine)
        return item["Pool"], item["PoolStatus"], item["Workflow"]

    def finish() -> None:
        """Do all jobs: the stage, its task, and the end of the list."""
        for _number in range(3):
            if job := v4.req().post({"Machine": machine}).url_for("jobs").do():
                v4.patch("jobs", job["Uuid"], [{"op": "replace", "path": "/State", "value": "finished"}])

    assert state() == ("old", "Free", "")
    pools.add(v4, "new", pools.Selection(machines=[machine]), source="old")
    assert state() == ("old", "Leaving", "bye")
    finish()
    assert state() == ("new", "Joining", "hello")
    assert v4.get("machines", machine)["Params"]["p/a"] == 1
    finish()
    assert state() == ("new", "Free", "hello")


@pytest.mark.needs_v4
def test_files(api: Api) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        entry = tarfile.TarInfo("sub/file.txt")
        entry.size = 4
        archive.addfile(entry, io.BytesIO(b"text"))
    octets = {"Content-Type": "application/octet-stream"}
    sent = api("POST", "files/a/pack.tgz?explode=true", data=packed.getvalue(), headers=octets)
    assert sent.status_code == 201
    assert api("GET", "files?all=true").json() == ["a/pack.tgz", "a/sub/file.txt"]
    looked = api("HEAD", "files/a/sub/file.txt")
    digest = hashlib.sha256(b"text").hexdigest()
    assert looked.headers["X-DRP-SHA256SUM"] == digest
    assert looked.headers["Content-Length"] == "4"
    unchanged = api("GET", "files/a/sub/file.txt", headers={"If-None-Match": looked.headers["ETag"]})
    assert unchanged.status_code == 304
    assert api("GET", "files/a/sub/file.txt").content == b"text"
    assert api("HEAD", "isos/absent.iso").status_code == 404


@pytest.mark.needs_v4
def test_what_the_server_says_of_itself(v4: Client, api: Api) -> None:
    info = v4.info()
    assert {"elevated-tasks", "centos-8", "selective-job-purge", "sprig"} <= set(info["features"])
    assert {"clusters", "work_orders"} <= set(info["scopes"])
    assert info["ha_id"] == info["local_id"] == info["id"]
    assert {"interfaces", "work_orders", "machines"} <= set(api("GET", "objects").json())
    add(v4, "machines", Name="m1", HardwareAddrs=["0a:00:00:00:00:01"])
    asked = api("POST", "whoami", json={"MacAddrs": ["0A:00:00:00:00:01"]}).json()
    assert asked["Result"]["Uuid"] == v4.get("machines", "Name:m1")["Uuid"]


@pytest.mark.needs_v4
@pytest.mark.skipif(not DATA.is_dir(), reason=f"the real content packs are not in {DATA}")
def test_real_content_packs_are_taken_in_and_stay_as_they_are(v4: Client, v4_simulator: Simulator) -> None:
    spec = drp_content.SPEC["argument_spec"]
    options = {name: one.get("default") for name, one in spec.items()}
    options |= {"endpoint": v4_simulator.endpoint, "key": KEY, "ca_path": v4_simulator.ca, "token_cache": ""}
    for pack in ("content", "task-library"):
        given = {**options, "src": str(DATA / pack)}
        loaded = runner.run(drp_content.run, given, environ={})
        assert (loaded.get("msg"), loaded["changed"]) == (None, True)
        again = runner.run(drp_content.run, given, environ={})
        assert (again.get("msg"), again["changed"]) == (None, False)
    assert len(v4.list("params")) > 100


@pytest.mark.needs_v4
def test_routes_below_objects(v4: Client, api: Api) -> None:
    alert = add(v4, "alerts", Name="disk full")["Uuid"]
    seen = api("POST", f"alerts/{alert}/acknowledge").json()
    assert seen["Acknowledged"]
    assert seen["AcknowledgeUser"] == seen["LastModifiedBy"] != ""
    add(v4, "templates", ID="greeting", Contents="hello {{.Machine.Name}}")
    machine = add(v4, "machines", Name="m1")["Uuid"]
    assert api("GET", f"templates/greeting/render/{machine}").json() == "hello m1"
    span = {"ActiveStart": "192.0.2.10", "ActiveEnd": "192.0.2.11"}
    add(v4, "subnets", Name="net", Subnet="192.0.2.0/24", **span)
    made = [api("POST", "subnets/net/allocate", json={}) for _number in range(3)]
    assert [answer.status_code for answer in made] == [201, 201, 409]
    assert made[0].json()["Addr"] == "192.0.2.10"
    assert api("DELETE", "subnets/net/release/192.0.2.10").status_code == 200
    records = [{"Name": "www", "Type": "A", "Value": ["192.0.2.1"]}]
    add(v4, "zones", Name="internal", Origin="example.com.", Records=records)
    assert api("GET", "zones/internal/view").json() == {"internal": {"www.example.com. A": ["192.0.2.1"]}}


@pytest.mark.needs_v4
def test_the_size_of_a_log_is_told_without_the_log(v4: Client, api: Api) -> None:
    workflow(v4, "flow", "greet")
    machine = add(v4, "machines", Name="m1", Workflow="flow")["Uuid"]
    job = api("POST", "jobs", json={"Machine": machine}).json()["Uuid"]
    log = api("GET", f"jobs/{job}/log").content
    assert api("HEAD", f"jobs/{job}/log").headers["Content-Length"] == str(len(log)) != "0"


@pytest.mark.needs_v4
def test_a_pack_takes_the_place_of_writable_objects_when_it_is_asked_to(v4: Client, api: Api) -> None:
    def pack(*profiles: str) -> dict[str, Any]:
        sections = {"profiles": {name: {"Name": name} for name in profiles}}
        return {"meta": {"Name": "mine", "Version": "v1", "Color": "red"}, "sections": sections}

    add(v4, "profiles", Name="web", Description="made by hand")
    assert api("POST", "contents", json=pack("web")).status_code == 422
    assert api("POST", "contents", json=pack("other")).status_code == 201
    refused = api("PUT", "contents/mine", json=pack("web"))
    assert (refused.status_code, refused.json()["Messages"]) == (
        422,
        ["profiles:web in layer mine would override layer BackingStore"],
    )
    assert api("PUT", "contents/mine?replaceWritable=true", json=pack("web")).status_code == 200
    now = v4.get("profiles", "web")
    assert (now["Bundle"], now["Description"]) == ("mine", "")
    assert api("GET", "contents/mine").json()["meta"]["Color"] == "red"


@pytest.mark.needs_v4
def test_a_named_filter_holds_what_a_list_can_ask_for(v4: Client, api: Api) -> None:
    for number in range(3):
        add(v4, "machines", Name=f"m{number}", Params={"a": number, "b": 1})
    add(v4, "machines", Name="self", Meta={"machine-self-runner": "true"})
    queries = [{"Name": "Name", "Op": "Ne", "Value": "m1"}]
    more = {"Sort": ["Name"], "Reverse": True, "ExcludeSelf": True, "ParamSet": "a"}
    add(v4, "filters", Id="some", Object="machines", Queries=queries, **more)
    found = api("GET", "machines?filter=some").json()
    assert [(item["Name"], item["Params"]) for item in found] == [("m2", {"a": 2}), ("m0", {"a": 0})]
    assert api("HEAD", "machines?filter=some").headers["X-DRP-LIST-COUNT"] == "2"
    assert api("GET", "machines?filter=absent").status_code == 406
    assert api("GET", "profiles?filter=some").status_code == 406


@pytest.mark.needs_v4
@pytest.mark.parametrize("option", ["group-by=Stage", "range-only=true", "commented=true", "raw=x"])
def test_what_no_fact_tells_is_not_answered(api: Api, option: str) -> None:
    answer = api("GET", f"machines?{option}")
    assert answer.status_code == 501
    assert option.partition("=")[0] in answer.json()["Messages"][0]


@pytest.mark.needs_v4
def test_any_member_can_be_left_out(v4: Client, api: Api) -> None:
    add(v4, "machines", Name="m1", Params={"a": 1}, Description="long")
    item = api("GET", "machines?slim=Params,description").json()[0]
    assert (item["Params"], "Description" in item, item["Name"]) == ({}, False, "m1")


@pytest.mark.needs_v4
def test_only_machines_have_one_that_is_the_server(api: Api) -> None:
    assert api("GET", "machines?exclude-self=true").status_code == 200
    assert api("GET", "clusters?exclude-self=true").status_code == 406


@pytest.mark.needs_v4
def test_params_are_expanded(v4: Client, api: Api) -> None:
    texts = {"greeting": "hello {{.Machine.Name}}", "list": ["{{.Machine.Name}}", 1], "plain": "x"}
    uuid = add(v4, "machines", Name="m1", Params=texts)["Uuid"]
    expanded = {"greeting": "hello m1", "list": ["m1", 1], "plain": "x"}
    assert api("GET", f"machines/{uuid}?expand=true").json()["Params"] == expanded
    assert api("GET", "machines?expand=true").json()[0]["Params"] == expanded
    assert api("GET", f"machines/{uuid}").json()["Params"] == texts


@pytest.mark.needs_v4
def test_a_pipeline_comes_after_the_profiles_and_before_the_stage(v4: Client) -> None:
    add(v4, "profiles", Name="own", Params={"p/a": "profile"})
    add(v4, "profiles", Name="of-pipeline", Params={"p/c": "profile of the pipeline", "p/b": "lost"})
    add(v4, "pipelines", Name="base", Params={"p/d": "base", "p/c": "lost"})
    add(v4, "pipelines", Name="rack", Params={"p/a": "lost", "p/b": "pipeline"}, Profiles=["of-pipeline"])
    v4.patch("pipelines", "rack", [{"op": "replace", "path": "/Pipelines", "value": ["base", "rack"]}])
    add(v4, "stages", Name="late", Params={"p/d": "lost", "p/e": "stage"})
    uuid = add(v4, "machines", Name="m1", Profiles=["own"], Pipeline="rack", Stage="late")["Uuid"]
    assert params.get_all(v4, "machines", uuid, aggregate=True) == {
        "p/a": "profile",
        "p/b": "pipeline",
        "p/c": "profile of the pipeline",
        "p/d": "base",
        "p/e": "stage",
    }


@pytest.mark.needs_v4
def test_the_params_of_a_work_order_count_while_it_runs(v4: Client, api: Api) -> None:
    uuid = add(v4, "machines", Name="m1", WorkOrderMode=True, Stage="none")["Uuid"]
    add(v4, "blueprints", Name="rotate", Params={"from": "blueprint"})
    order = add(v4, "work_orders", Blueprint="rotate", Machine=uuid, Params={"own": 1})["Uuid"]
    assert params.get_all(v4, "machines", uuid, aggregate=True) == {}
    api("POST", f"machines/{uuid}/pick/{order}").raise_for_status()
    assert params.get_all(v4, "machines", uuid, aggregate=True) == {"from": "blueprint", "own": 1}
