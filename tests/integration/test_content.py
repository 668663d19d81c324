# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""drp_content from the user's side."""

from __future__ import annotations

import copy
import hashlib
import json
import typing as t
from pathlib import Path

import pytest
from playbook_runner import PlaybookRunner, content, content_fetch, machine, thing
from webserver import Page, serving

from simulator.testing import Api

pytestmark = pytest.mark.needs_counters

PACK: dict[str, t.Any] = {
    "meta": {"Name": "site", "Version": "v1.0.0", "Description": "ours"},
    "sections": {
        "params": {
            "site/color": {"Name": "site/color", "Schema": {"type": "string", "default": "blue"}},
        },
        "profiles": {"site": {"Name": "site", "Params": {"site/color": "red"}}},
        "templates": {"motd.tmpl": {"ID": "motd.tmpl", "Contents": "one\ntwo\nthree\n"}},
        "stages": {
            "site": {"Name": "site", "Templates": [{"Name": "motd", "ID": "motd.tmpl", "Path": "/etc/motd"}]}
        },
        "workflows": {"site": {"Name": "site", "Stages": ["site"]}},
    },
}


def changed(**changes: t.Any) -> dict[str, t.Any]:
    """The pack with other values at paths such as ``profiles/site/Params``; None takes something away."""
    pack = copy.deepcopy(PACK)
    for path, value in changes.items():
        *way, last = path.split("__")
        place = pack
        for step in way:
            place = place[step]
        if value is None:
            del place[last]
        else:
            place[last] = value
    return pack


def paths(run_tasks: PlaybookRunner) -> list[str]:
    return [f"{entry['method']} {entry['path']}" for entry in run_tasks.simulator.log()]


def test_life_of_a_pack(run_tasks: PlaybookRunner) -> None:
    newer = changed(meta__Version="v1.1.0")
    newer["sections"]["templates"]["motd.tmpl"]["Contents"] = "one\n2\nthree\n"
    newer["sections"]["profiles"]["site"]["Description"] = "newer"
    newer["sections"]["params"]["site/new"] = {"Name": "site/new"}
    del newer["sections"]["params"]["site/color"]
    played = run_tasks(
        content(content=PACK),
        content(content=PACK),
        content(content=newer),
        content(content=newer),
        content(name="site", state="absent"),
        content(name="site", state="absent"),
        flags=["--diff"],
    )
    assert played.code == 0, played.output
    assert [result["action"] for result in played.results] == [
        "created", "unchanged", "updated", "unchanged", "deleted", "unchanged",
    ]  # fmt: skip
    created, updated, deleted = played[0], played[2], played[4]
    assert created["diff"]["before"] == {}
    assert created["diff"]["after"] == {
        "meta": PACK["meta"],
        "sections": {section: sorted(items) for section, items in PACK["sections"].items()},
    }
    assert (created["name"], created["version"]) == ("site", "v1.0.0")
    assert created["errors"] == []
    assert created["counts"] == {"params": 1, "profiles": 1, "stages": 1, "templates": 1, "workflows": 1}
    assert (updated["previous_version"], updated["version"]) == ("v1.0.0", "v1.1.0")
    assert updated["diff"]["before"] == {
        "meta": {"Version": "v1.0.0"},
        "sections": {
            "params": {"site/color": PACK["sections"]["params"]["site/color"]},
            "profiles": {"site": {"Description": ""}},
            "templates": {"motd.tmpl": {"Contents": ["one", "two", "three", ""]}},
        },
    }
    assert updated["diff"]["after"] == {
        "meta": {"Version": "v1.1.0"},
        "sections": {
            "params": {"site/new": {"Name": "site/new"}},
            "profiles": {"site": {"Description": "newer"}},
            "templates": {"motd.tmpl": {"Contents": ["one", "2", "three", ""]}},
        },
    }
    assert deleted["diff"]["after"] == {}
    assert deleted["diff"]["before"]["sections"]["stages"] == ["site"]
    writes = [line for line in paths(run_tasks) if not line.startswith("GET")]
    assert writes == ["POST contents", "PUT contents/site", "DELETE contents/site"]


@pytest.mark.parametrize("flags", [[], ["--check"]], ids=["write", "check"])
def test_a_secret_in_clear_is_refused_before_it_is_sent(run_tasks: PlaybookRunner, flags: list[str]) -> None:
    """A v3.12 server answers it with 500."""
    key = {"Name": "site/key", "Secure": True, "Schema": {"type": "string"}}
    secret = {"site/color": "red", "site/key": "hush-hush"}
    own = changed(sections__profiles__site__Params=secret)
    own["sections"]["params"]["site/key"] = key
    foreign = changed(meta__Name="other", sections={"profiles": {"p": {"Name": "p", "Params": secret}}})
    plain = changed(meta__Name="plain", sections={"profiles": {"q": {"Name": "q", "Params": {"b/key": "x"}}}})
    later = changed(meta__Name="later", sections={"params": {"b/key": {**key, "Name": "b/key"}}})
    run_tasks(thing(kind="params", spec={**key}), content(content=plain))
    before = len(paths(run_tasks))
    refused = run_tasks(content(content=foreign), content(content=later), flags=["-vvv", *flags])
    run_tasks(thing(kind="params", id="site/key", state="absent"))
    alone = run_tasks(content(content=own), flags=["-vvv", *flags])
    assert "profile p: site/key: this server cannot keep the value of a secure param" in refused[0]["msg"]
    assert "with drp_machine or drp_object: they encrypt it" in refused[0]["msg"]
    assert "values lie in clear inside of another content pack: profile q: b/key." in refused[1]["msg"]
    assert "profile site: site/key: this server cannot keep" in alone[0]["msg"]
    for played in (refused, alone):
        assert "hush-hush" not in played.output
    later_lines = paths(run_tasks)[before:]
    assert not [line for line in later_lines if "contents" in line and not line.startswith("GET")]


def test_check_mode_writes_nothing_and_tells_the_same(run_tasks: PlaybookRunner, tmp_path: Path) -> None:
    newer = changed(meta__Version="v2")
    steps = [content(content=PACK), content_fetch(name="local-only", dest=str(tmp_path / "x"))]
    checked = run_tasks(*steps, flags=["--check", "--diff"])
    assert checked[0]["changed"]
    assert run_tasks.simulator.stats()["writes"] == 0
    run_tasks(content(content=PACK))
    steps = [
        content(content=newer),
        content(name="site", state="absent"),
        content_fetch(name="site", dest=str(tmp_path / "site")),
    ]
    run_tasks.simulator.reset_stats()
    checked = run_tasks(*steps, flags=["--check", "--diff"])
    assert run_tasks.simulator.stats()["writes"] == 0
    assert not (tmp_path / "site").exists()
    done = run_tasks(steps[0], steps[2], steps[1], flags=["--diff"])
    for one, two in ((0, 0), (1, 2)):
        for told in ("changed", "action", "name"):
            assert checked[one][told] == done[two][told]
    assert checked[0]["diff"] == done[0]["diff"]
    assert checked[2]["written"] == done[1]["written"]
    assert checked.changed == done.changed == [True, True, True]


def test_sources_are_equal(run_tasks: PlaybookRunner, tmp_path: Path) -> None:
    folder, file = str(tmp_path / "site"), str(tmp_path / "site.json")
    played = run_tasks(
        content(content=PACK),
        content_fetch(name="site", dest=folder),
        content_fetch(name="site", dest=file),
    )
    assert played.code == 0, played.output
    data = Path(file).read_bytes()
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "beside.json").write_bytes(data)
    checksum = f"sha256:{hashlib.sha256(data).hexdigest()}"
    with serving() as web:
        web.pages["/site.json"] = Page(data, headers={"Content-Type": "text/plain"})
        played = run_tasks(
            content(src=folder),
            content(src=file, checksum=checksum, name="site"),
            content(src=f"{web.url}/site.json?signature=hush", checksum=checksum),
            content(src=f"{web.url}/site.json"),
            content(src="beside.json"),
            content(src=folder, meta={"Version": "v1.0.1"}),
            content(src=folder, meta={"Version": "v1.0.1", "Description": None}),
            content(src=folder, meta={"Version": "v1.0.1", "Description": ""}),
        )
    assert played.changed == [False] * 5 + [True, True, False], played.output
    assert played[5]["version"] == "v1.0.1"


def test_bad_sources(run_tasks: PlaybookRunner, tmp_path: Path) -> None:
    def folder(name: str, **files: str) -> str:
        for path, text in {"._Name__meta": "x", **files}.items():
            file = tmp_path / name / path.replace("__", ".").replace("0", "/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        return str(tmp_path / name)

    (tmp_path / "bad.yaml").write_text("meta: {Name: x}\nsections:\n  params: {a: [}\n")
    (tmp_path / "bad.json").write_text('{"meta": {"Name": "x"}, "sections": {"params": ')
    (tmp_path / "good.json").write_text(json.dumps(PACK))
    with serving() as web:
        web.pages |= {
            "/html": Page(b"<!DOCTYPE html><title>Log in</title>"),
            "/cut": Page(json.dumps(PACK).encode(), headers={"Content-Length": "99999"}),
            "/good": Page(json.dumps(PACK).encode()),
        }
        cases: list[tuple[dict[str, t.Any], str]] = [
            ({"src": folder("yaml", params0a__yaml="Name: [")}, "params/a.yaml, line 2, column 1"),
            ({"src": str(tmp_path / "bad.yaml")}, "bad.yaml, line 3, column 16"),
            ({"src": str(tmp_path / "bad.json")}, "bad.json, line 2, column 1"),
            ({"src": folder("noname", **{"._Name__meta": " \n"})}, "noname: the content pack has no name"),
            ({"content": {"meta": {}, "sections": {}}}, "content: the content pack has no name"),
            ({"content": {"Name": "x"}}, "content is not a content pack"),
            (
                {"src": folder("twice", params0a__yaml="Name: x", params0b__json='{"Name": "x"}')},
                "params/a.yaml and params/b.json both define params 'x'",
            ),
            (
                {
                    "content": {
                        "meta": {"Name": "x"},
                        "sections": {"params": {"a": {"Name": "c"}, "b": {"Name": "c"}}},
                    }
                },
                "content pack x: params 'a' and 'b' both define 'c'",
            ),
            *(
                (
                    {"content": {"meta": {"Name": "x"}, "sections": {kind: {"a": {"Name": "a", **wrong}}}}},
                    f"content pack x: {kind} 'a': {next(iter(wrong))} must be a",
                )
                for kind, wrong in (
                    ("profiles", {"Params": [1]}),
                    ("tasks", {"Meta": "x"}),
                    ("stages", {"Tasks": {"x": 1}}),
                    ("tasks", {"Templates": "x"}),
                    ("bootenvs", {"OS": []}),
                )
            ),
            (
                {
                    "content": {
                        "meta": {"Name": "x"},
                        "sections": {"bootenvs": {"a": {"Name": "a", "OS": {"SupportedArchitectures": "x"}}}},
                    }
                },
                "SupportedArchitectures must be a map",
            ),
            ({"src": str(tmp_path / "good.json"), "checksum": "0" * 64}, "checksum: the SHA-256 of "),
            ({"src": str(tmp_path / "good.json"), "checksum": "md5:00"}, "checksum: md5:00 is not a SHA-256"),
            ({"src": str(tmp_path / "good.json"), "name": "other"}, "is called site, not other"),
            ({"src": str(tmp_path / "absent")}, "absent cannot be read: No such file"),
            ({"src": f"{web.url}/good", "checksum": "0" * 64}, "/good: its SHA-256 is "),
            ({"src": f"{web.url}/absent?key=hush"}, "/absent: the server answered 404"),
            ({"src": f"{web.url}/html"}, "/html: it is a web page, not a content pack"),
            ({"src": f"{web.url}/good", "download_ca_path": "/absent"}, "ca_path: /absent cannot be read"),
            ({}, "one of the following is required: src, content, name"),
            ({"name": "x"}, "any of the following are missing: src, content"),
            ({"src": "x", "content": PACK}, "mutually exclusive: src|content"),
            ({"state": "absent", "name": ""}, "name: must be set to the name of the content pack"),
        ]
        played = run_tasks(*(content(**options) for options, _words in cases))
    for (options, words), result in zip(cases, played.results, strict=True):
        assert result.get("failed"), options
        assert words in result["msg"], options
        assert "Traceback" not in result["msg"]
        assert "hush" not in result["msg"]
    assert run_tasks.simulator.stats()["writes"] == 0


def test_other_layers_are_not_overridden(run_tasks: PlaybookRunner) -> None:
    other = {"meta": {"Name": "other"}, "sections": {"params": {"taken": {"Name": "taken"}}}}
    clash = changed(sections__params={"taken": {"Name": "taken"}, "mine": {"Name": "mine"}})
    clash["sections"]["profiles"] = {"by-hand": {"Name": "by-hand"}}
    basic = {
        "meta": {"Name": "basic"},
        "sections": {"stages": {"local": {"Name": "local", "Description": "x"}}},
    }
    played = run_tasks(
        content(content=other),
        thing(kind="profiles", spec={"Name": "by-hand"}),
        content(content=clash),
        content(content=clash, replace_writable=True),
        content(content=basic),
        machine(name="m1", stage="local"),
        content(name="basic", state="absent"),
    )
    told = played[2]["msg"]
    assert "content pack site would override objects of other layers" in told
    assert "param taken of other" in told
    assert "profile by-hand of the server itself (BackingStore)" in told
    assert "param mine" not in told
    assert "would override" in played[3]["msg"]
    assert played[4]["action"] == "created", played[4]
    assert played[6]["action"] == "deleted", played[6]


def test_built_in_layers(run_tasks: PlaybookRunner) -> None:
    metas = [pack["meta"] for pack in Api(run_tasks.simulator)("GET", "contents").json()]
    names = [meta["Name"] for meta in metas if meta["Type"] in ("writable", "local", "default", "basic")]
    assert {"BackingStore", "BasicStore"} <= set(names)
    run_tasks.simulator.reset_stats()
    packs = [{"meta": {"Name": name}, "sections": {}} for name in names]
    played = run_tasks(
        *(content(name=name, state="absent") for name in names),
        *(content(content=pack) for pack in packs),
    )
    for name, result in zip(names * 2, played.results, strict=True):
        assert f"content pack {name}: it is a built-in layer of the server" in result["msg"]
    assert run_tasks.simulator.stats()["writes"] == 0


def test_features_and_prerequisites(run_tasks: PlaybookRunner) -> None:
    def pack(**meta: str) -> dict[str, t.Any]:
        return {"meta": {"Name": "site", **meta}, "sections": {}}

    library = {"meta": {"Name": "library", "Version": "v4.2.0"}, "sections": {}}
    played = run_tasks(
        content(content=pack(RequiredFeatures="sprig, Workflows, no-such, nor-this")),
        content(content=pack(RequiredFeatures="sprig, Workflows")),
        content(content=pack(Prerequisites="BasicStore, library:>=4.0.0", Version="1")),
        content(content=library),
        content(content=pack(Prerequisites="BasicStore, library:>=4.0.0 <5.0.0", Version="2")),
        content(content=pack(Prerequisites="library:>=4.3.0", Version="3")),
        content(content=pack(Prerequisites="library:>=4.3.0", Version="3"), force=True),
        content(content=pack(Prerequisites="library: something", Version="4")),
    )
    assert "requires features that this server (v3.12" in played[0]["msg"]
    assert played[0]["msg"].endswith("does not have: no-such, nor-this")
    assert played[1]["changed"]
    assert "prerequisites that are not installed: library:>=4.0.0. Install them" in played[2]["msg"]
    assert played[4]["changed"]
    assert "not installed: library:>=4.3.0 (installed: v4.2.0)" in played[5]["msg"]
    assert played[6]["changed"]
    assert "cannot tell whether library is something" in played[7]["warnings"][0]


def test_what_is_used_stays(run_tasks: PlaybookRunner) -> None:
    smaller = changed(sections__workflows=None)
    played = run_tasks(
        content(content=PACK),
        machine(name="m1", profiles=["site"], workflow="site"),
        thing(kind="workflows", spec={"Name": "theirs", "Stages": ["site"]}),
        content(name="site", state="absent"),
        content(content=smaller),
        content(content=smaller, force=True),
        content(name="site", state="absent", force=True),
        thing(kind="workflows", spec={"Name": "theirs"}, require_available=False),
    )
    for line in (
        "machine m1 uses workflow site", "machine m1 uses stage site", "machine m1 uses profile site",
        "workflow theirs uses stage site", "Set force: true to remove it anyway",
    ):  # fmt: skip
        assert line in played[3]["msg"]
    assert "workflow site uses stage" not in played[3]["msg"]
    assert "machine m1 uses workflow site. Set force: true to replace it" in played[4]["msg"]
    assert "were in use: machine m1 uses workflow site" in played[5]["warnings"][0]
    assert played[6]["changed"]
    assert "machine m1 uses stage site" in played[6]["warnings"][0]
    assert played[7]["errors"]


def test_only_the_warnings_of_this_pack(run_tasks: PlaybookRunner) -> None:
    def pack(name: str, **more: t.Any) -> dict[str, t.Any]:
        return {"meta": {"Name": name}, "sections": {"stages": {name: {"Name": name, **more}}}}

    broken = pack("broken", Tasks=["absent"])
    played = run_tasks(
        content(content=broken),
        content(content=pack("sound")),
        content(content=broken, require_available=True),
        content(content=pack("worse", Tasks=["absent", "gone"]), require_available=True),
    )
    assert played[0]["changed"]
    assert [error.split(":")[0] for error in played[0]["errors"]] == ["stage broken"]
    assert "objects of it are not available: stage broken: " in played[0]["warnings"][0]
    assert played[1]["changed"]
    assert "warnings" not in played[1]
    assert played[1]["errors"] == []
    assert "stage broken" in played[2]["msg"]
    assert not played[2]["changed"]
    assert played[3]["failed"]
    assert played[3]["changed"]
    assert len(played[3]["errors"]) == 2


def test_what_the_server_refuses(run_tasks: PlaybookRunner) -> None:
    dash = changed(
        sections__templates={"motd.tmpl": {"ID": "motd.tmpl", "Contents": "{{.Param.kernel-console}}"}}
    )
    wrong = changed(sections__params={"x": {"Name": "x", "Secure": "perhaps"}})
    played = run_tasks(content(content=literal(dash)), content(content=wrong))
    assert "content pack site: " in played[0]["msg"]
    assert "motd.tmpl" in played[0]["msg"]
    assert "content pack site: " in played[1]["msg"]
    assert "cannot unmarshal string" in played[1]["msg"]


def literal(value: t.Any) -> t.Any:
    if isinstance(value, dict):
        return {name: literal(inner) for name, inner in value.items()}
    return {"__ansible_unsafe": value} if isinstance(value, str) and "{{" in value else value


def test_exports(run_tasks: PlaybookRunner, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine").write_text("x")
    (tmp_path / "bad.yaml").write_text("no: pack\n")
    other = {"meta": {"Name": "other"}, "sections": {"params": {"x": {"Name": "x"}}}}
    played = run_tasks(
        content(content=PACK),
        content(content=other),
        content_fetch(name="site", dest=str(folder), format="json"),
        content_fetch(name="site", dest=str(folder)),
        content_fetch(name="other", dest=str(folder)),
        content_fetch(name="other", dest=str(folder), force=True),
        content_fetch(name="absent", dest=str(folder)),
        content_fetch(name="site", dest=str(tmp_path / "full")),
        content_fetch(name="site", dest=str(tmp_path / "bad.yaml")),
        content_fetch(name="BasicStore", dest=str(tmp_path / "basic.yml")),
        content_fetch(name="site", dest=str(tmp_path / "absent/out")),
    )
    assert played.changed == [True, True, True, False, False, True, False, False, False, True, False]
    assert f"dest: {tmp_path}/absent is not a folder" in played[10]["msg"]
    assert "params/site.color.json" in played[2]["written"]
    assert "templates/motd.tmpl" in played[2]["written"]
    assert "holds the content pack site; set force: true" in played[4]["msg"]
    assert sorted(played[5]["removed"]) == sorted(
        path for path in played[2]["written"] if not path.startswith("._Name")
    )
    assert "there is no content pack absent on the server" in played[6]["msg"]
    assert "neither empty nor the folder of a content pack" in played[7]["msg"]
    assert "bad.yaml is not a content pack" in played[8]["msg"]
    assert (tmp_path / "bad.yaml").read_text() == "no: pack\n"
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()) == [
        "._Name.meta", "params/x.yaml",
    ]  # fmt: skip


def test_dangerous_names_are_not_exported(run_tasks: PlaybookRunner, tmp_path: Path) -> None:
    names = ["../up", "/etc/passwd", "a/../b"]
    packs = [
        {"meta": {"Name": f"evil{number}"}, "sections": {"nonsense": {key: {"Id": key}}}}
        for number, key in enumerate(names)
    ]
    out = str(tmp_path / "out")
    played = run_tasks(
        *(content(content=pack) for pack in packs),
        *(content_fetch(name=pack["meta"]["Name"], dest=out) for pack in packs),
    )
    for stored, fetched in zip(played.results[:3], played.results[3:], strict=True):
        assert stored.get("changed"), stored
        assert "could lead to files outside the folder of the content pack" in fetched["msg"]
    assert not Path(out).exists()


@pytest.mark.needs_v4
def test_a_v4_server(run_tasks_v4: PlaybookRunner, tmp_path: Path) -> None:
    pack = changed(meta__Version="v4")
    pack["sections"]["stages"]["site"]["Params"] = {"site/color": "green"}
    pack["sections"]["profiles"]["site"]["Profiles"] = ["global"]
    newer = copy.deepcopy(pack)
    newer["sections"]["stages"]["site"]["Params"]["site/color"] = "white"
    out = str(tmp_path / "out")
    played = run_tasks_v4(
        content(content=pack),
        content(content=pack),
        content(content=newer),
        content_fetch(name="site", dest=out),
        content(src=out),
        content(name="site", state="absent"),
    )
    assert played.changed == [True, False, True, True, False, True], played.output
    assert "warnings" not in played[0]
    for name in ("Bundle", "Endpoint"):
        assert name not in (tmp_path / "out/stages/site.yaml").read_text()
    assert "white" in (tmp_path / "out/stages/site.yaml").read_text()
