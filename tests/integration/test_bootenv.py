# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""drp_bootenv: definitions, templates, ISOs, and the proof that these were unpacked."""

from __future__ import annotations

import json
import shutil
import typing as t
from pathlib import Path

import pytest
from checkout import ROOT
from isos import Image, make_iso
from patience import NEVER
from playbook_runner import PlaybookRunner, Task, thing
from webserver import Page, serving

from simulator.launch import Simulator
from simulator.testing import Api

DATA = ROOT.parent / "shared" / "data"
WIRE_ISO = ROOT.parent / "shared" / "wire" / "data" / "wire-os.iso"
CHECK = ["--check", "--diff"]
IPXE = {"Name": "ipxe", "Path": "x/ipxe", "Contents": "#!ipxe"}


def bootenv(**options: t.Any) -> Task:
    return {"digitalrebar.provision.drp_bootenv": {"wait_timeout": 10, **options}}


def blob(**options: t.Any) -> Task:
    return {"digitalrebar.provision.drp_blob": options}


def definition(
    name: str = "tiny-install", sha256: str = "", iso: str = "tiny.iso", **more: t.Any
) -> dict[str, t.Any]:
    system = {"Name": name.removesuffix("-install"), "IsoFile": iso, "IsoSha256": sha256}
    return {
        "Name": name,
        "OS": system,
        "Kernel": "vmlinuz",
        "Initrds": ["initrd.img"],
        "Templates": [IPXE],
        **more,
    }


@pytest.fixture
def tiny(tmp_path: Path) -> Image:
    return make_iso(tmp_path / "tiny.iso")


@pytest.fixture
def other(tmp_path: Path) -> Image:
    (tmp_path / "other").mkdir()
    return make_iso(tmp_path / "other" / "tiny.iso", "another one")


def iso_of(result: dict[str, t.Any]) -> dict[str, t.Any]:
    (entry,) = result["isos"]
    return t.cast("dict[str, t.Any]", entry)


def uploads(run_tasks: PlaybookRunner) -> int:
    return sum(
        entry["method"] == "POST" and entry["path"].startswith("isos") for entry in run_tasks.simulator.log()
    )


# -- the life of one


@pytest.mark.needs_counters
def test_life_of_a_bootenv(run_tasks: PlaybookRunner, tiny: Image) -> None:
    task = bootenv(spec=definition(sha256=tiny.sha256), isos=[{"src": str(tiny.path)}])
    planned = run_tasks(task, flags=CHECK)
    assert planned.changed == [True], planned.output
    assert iso_of(planned[0])["action"] == "uploaded"
    assert run_tasks.simulator.stats()["writes"] == 0
    played = run_tasks(task, task, flags=["--diff"])
    assert played.changed == [True, False], played.output
    first, second = map(iso_of, played.results)
    assert first == {
        "file": "tiny.iso",
        "arches": ["amd64"],
        "action": "uploaded",
        "compared_by": "",
        "size": tiny.size,
        "sha256": tiny.sha256,
        "source": str(tiny.path),
        "verified": True,
    }
    assert (second["action"], second["compared_by"], second["verified"]) == ("unchanged", "canary", True)
    assert played[0]["diff"]["after"]["isos/tiny.iso"] == {"size": tiny.size, "action": "uploaded"}
    assert planned[0]["diff"] == played[0]["diff"]
    run_tasks.simulator.reset_stats()
    assert run_tasks(task).changed == [False]
    assert run_tasks.simulator.stats()["writes"] == 0
    gone = bootenv(name="tiny-install", state="absent")
    assert run_tasks(gone, gone).changed == [True, False]


@pytest.mark.needs_counters
def test_a_changed_iso(run_tasks: PlaybookRunner, tiny: Image, other: Image) -> None:
    """With a checksum it is replaced and unpacked again; without one that cannot be."""
    unsure = bootenv(spec=definition(), isos=[{"src": str(tiny.path)}])
    changed = bootenv(spec=definition(), isos=[{"src": str(other.path)}])
    sure = bootenv(spec=definition(), isos=[{"src": str(other.path), "sha256": other.sha256}])
    played = run_tasks(unsure, unsure, changed, sure, sure, flags=["--diff"])
    assert played.changed == [True, False, False, True, False], played.output
    assert iso_of(played[1])["compared_by"] == "content"
    assert "would not unpack tiny.iso into /tiny/install again" in played[2]["msg"]
    assert "set sha256 in isos" in played[2]["msg"]
    assert iso_of(played[3])["action"] == "replaced"
    assert played[3]["bootenv"]["OS"]["IsoSha256"] == other.sha256
    assert played[3]["diff"]["after"]["OS"] == {"IsoSha256": other.sha256}
    assert iso_of(played[4])["compared_by"] == "canary"
    assert uploads(run_tasks) == 2


def test_an_architecture_each(run_tasks: PlaybookRunner, tmp_path: Path) -> None:
    folder = tmp_path / "isos"
    folder.mkdir()
    intel, arm = make_iso(folder / "a-x86.iso", "x86"), make_iso(folder / "a-arm.iso", "arm")
    more = {"Kernel": "vmlinuz", "Initrds": ["initrd.img"]}
    arches = {
        "x86_64": {"IsoFile": "a-x86.iso", "Sha256": intel.sha256, **more},
        "aarch64": {"IsoFile": "a-arm.iso", **more},
    }
    spec = {"Name": "a-install", "OS": {"Name": "a", "SupportedArchitectures": arches}, "Templates": [IPXE]}
    played = run_tasks(
        bootenv(spec=spec),
        bootenv(name="a-install", iso_dir=str(folder), arches=["amd64"]),
        bootenv(name="a-install", isos=[{"arch": "arm64", "src": str(arm.path), "sha256": arm.sha256}]),
        bootenv(name="a-install"),
    )
    assert played.changed == [True, True, True, False], played.output
    assert "the server does not have a-arm.iso, a-x86.iso" in played[0]["warnings"][0]
    assert [iso["action"] for iso in played[0]["isos"]] == ["missing", "missing"]
    assert [(iso["file"], iso["action"]) for iso in played[1]["isos"]] == [("a-x86.iso", "uploaded")]
    assert [iso["action"] for iso in played[2]["isos"]] == ["uploaded", "unchanged"]
    assert [iso["verified"] for iso in played[2]["isos"]] == [True, True]


# -- from files


def pack(folder: Path, env: dict[str, t.Any], templates: dict[str, str]) -> Path:
    for name in ("bootenvs", "templates"):
        (folder / name).mkdir(parents=True)
    for name, text in templates.items():
        (folder / "templates" / name).write_text(text)
    path = folder / "bootenvs" / "env.yml"
    path.write_text(json.dumps(env))
    return path


def test_a_file_with_its_templates(run_tasks: PlaybookRunner, tmp_path: Path, tiny: Image) -> None:
    refers = [IPXE, {"Name": "seed", "Path": "x/seed", "ID": "seed.tmpl"}]
    env = definition(sha256=tiny.sha256, Templates=refers, ReadOnly=True, Unknown="of a newer server")
    path = pack(tmp_path / "pack", env, {"seed.tmpl": "one", "other.sh": "two", ".hidden": "three"})
    task = bootenv(src=str(path), iso_dir=str(tmp_path))
    played = run_tasks(task, task, flags=["--diff"])
    assert played.changed == [True, False], played.output
    assert played[0]["templates"] == [
        {"key": "seed.tmpl", "action": "created"},
        {"key": "other.sh", "action": "created"},
    ]
    assert iso_of(played[0])["verified"]
    (tmp_path / "pack" / "templates" / "seed.tmpl").write_text("changed")
    path.write_text(json.dumps({**env, "Description": "new"}))
    played = run_tasks(task, task, flags=["--diff"])
    assert played.changed == [True, False]
    assert played[0]["diff"]["after"] == {
        "templates/seed.tmpl": {"Contents": "changed"},
        "Description": "new",
    }
    assert [entry["action"] for entry in played[0]["templates"]] == ["updated", "unchanged"]


def test_templates_of_the_option(run_tasks: PlaybookRunner, tmp_path: Path) -> None:
    raw = tmp_path / "raw.tmpl"
    raw.write_text("text\r\n")
    templates = [{"src": str(raw)}, {"src": str(raw), "id": "renamed"}, {"id": "inline", "contents": "here"}]
    env = definition(
        OS={"Name": "tiny"}, Kernel="", Templates=[IPXE, {"Name": "a", "Path": "a", "ID": "renamed"}]
    )
    task = bootenv(spec=env, templates=templates)
    played = run_tasks(task, task, thing(kind="templates", spec={"ID": "raw.tmpl", "Contents": "text\r\n"}))
    assert played.changed == [True, False, False], played.output
    assert [entry["key"] for entry in played[0]["templates"]] == ["raw.tmpl", "renamed", "inline"]


def test_a_bootenv_of_a_content_pack(run_tasks: PlaybookRunner, tiny: Image, other: Image) -> None:
    """It is read-only, so that the server unpacks an ISO only when that is uploaded."""
    sections = {"bootenvs": {"tiny-install": definition(sha256=tiny.sha256)}}
    api = Api(run_tasks.simulator)
    assert api("POST", "contents", {"meta": {"Name": "p"}, "sections": sections}).status_code == 201
    task = bootenv(name="tiny-install", isos=[{"src": str(tiny.path)}])
    played = run_tasks(
        bootenv(name="tiny-install", isos=[{"src": str(other.path)}]),
        task,
        task,
        bootenv(name="tiny-install", spec={"Description": "mine"}),
    )
    assert played.changed == [False, True, False, False], played.output
    assert f"is {other.sha256}" in played[0]["msg"]
    assert "nothing was uploaded" in played[0]["msg"]
    assert "read-only" in played[3]["msg"]


@pytest.mark.skipif(not WIRE_ISO.is_file(), reason=f"the recorded server's ISO is not in {WIRE_ISO}")
def test_the_iso_of_the_recordings(run_tasks: PlaybookRunner) -> None:
    task = bootenv(spec=definition(), isos=[{"src": str(WIRE_ISO)}])
    played = run_tasks(task)
    assert iso_of(played[0])["verified"], played.output


@pytest.mark.needs_counters
@pytest.mark.skipif(not DATA.is_dir(), reason=f"the real content packs are not in {DATA}")
@pytest.mark.parametrize("packed", ["v1.12.0/content", "v4/content"])
def test_real_bootenvs(run_tasks: PlaybookRunner, tmp_path: Path, packed: str) -> None:
    """Their templates are not in the data, so that stand-ins lie beside them."""
    shutil.copytree(DATA / packed / "bootenvs", tmp_path / "bootenvs")
    (tmp_path / "templates").mkdir()
    for name in ("kexec", "default-pxelinux", "default-ipxe", "default-grub", "select-kickseed"):
        (tmp_path / "templates" / f"{name}.tmpl").write_text(name)
    (tmp_path / "templates" / "net-post-install.sh.tmpl").write_text("#!/bin/sh")
    files = sorted((tmp_path / "bootenvs").iterdir())
    assert len(files) > 4
    tasks = [bootenv(src=str(file)) for file in files]
    first = run_tasks(*tasks)
    assert all(first.changed), [result.get("msg") for result in first.results]
    assert all(iso["action"] == "missing" for result in first.results for iso in result["isos"])
    run_tasks.simulator.reset_stats()
    again = run_tasks(*tasks)
    assert not any(again.changed), [result.get("diff") for result in again.results if result.get("changed")]
    assert run_tasks.simulator.stats()["writes"] == 0
    if packed.startswith("v4"):
        told = [text for result in first.results for text in result.get("warnings", ())]
        assert any("hwe-install: IsoSha256 of the architecture arm64" in text for text in told)
        assert any("the server has no member Loaders" in text for text in told)
        assert any("unpack different ISOs" in text for text in told)


# -- from the web


@pytest.mark.needs_counters
def test_from_the_web(run_tasks: PlaybookRunner, tmp_path: Path, tiny: Image, other: Image) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "tiny.iso").write_bytes(b"of an earlier release")
    with serving() as web:
        web.pages["/tiny.iso"] = Page(tiny.path.read_bytes())
        web.pages["/page.iso"] = Page(b"<html>log in</html>", headers={"Content-Type": "text/html"})
        right, url = definition(sha256=tiny.sha256), f"{web.url}/tiny.iso"
        played = run_tasks(
            bootenv(spec=right, isos=[{"url": f"{web.url}/absent.iso"}]),
            bootenv(spec=definition("b-install"), isos=[{"url": f"{web.url}/page.iso"}]),
            bootenv(spec=definition("c-install", other.sha256, "c.iso"), isos=[{"url": url}]),
            bootenv(spec={"Name": "tiny-install", "OS": {"IsoUrl": url}}),
            bootenv(name="tiny-install", download=True, iso_dir=str(cache)),
            bootenv(name="tiny-install", download=True),
        )
        asked = len(web.seen)
    told = [result.get("msg", "") for result in played.results]
    assert "answered 404" in told[0]
    assert "it is a web page, not an ISO" in told[1]
    assert f"its SHA-256 is {tiny.sha256}" in told[2]
    assert [result["changed"] for result in played.results[3:]] == [True, True, False], told
    assert iso_of(played[4])["source"] == url
    assert (cache / "tiny.iso").read_bytes() == tiny.path.read_bytes()
    assert asked <= 5
    assert uploads(run_tasks) == 1


# -- what goes wrong on the server


def test_an_iso_that_cannot_be_unpacked(run_tasks: PlaybookRunner, tmp_path: Path) -> None:
    garbage = tmp_path / "tiny.iso"
    garbage.write_bytes(b"not an ISO at all")
    played = run_tasks(
        bootenv(spec=definition(), isos=[{"src": str(garbage)}], wait_timeout=NEVER),
        bootenv(spec=definition(), isos=[{"src": str(garbage)}], verify=False),
    )
    assert played[0]["failed"]
    assert "/tiny/install was unpacked, but has no vmlinuz and no initrd.img" in played[0]["msg"]
    assert "the file is damaged or no ISO" in played[0]["msg"]
    assert played[0]["changed"]
    assert iso_of(played[0])["action"] == "uploaded"
    assert not played[1].get("failed")
    assert iso_of(played[1])["verified"] is False


def test_an_iso_without_the_kernel(run_tasks: PlaybookRunner, tmp_path: Path) -> None:
    odd = make_iso(tmp_path / "tiny.iso", kernel="linux")
    played = run_tasks(
        bootenv(spec=definition(sha256=odd.sha256), isos=[{"src": str(odd.path)}], wait_timeout=NEVER)
    )
    assert played[0]["failed"]
    assert "/tiny/install was unpacked, but has no vmlinuz" in played[0]["msg"]
    assert "do not fit the ISO" in played[0]["msg"]


def test_an_iso_without_a_use(run_tasks: PlaybookRunner, tiny: Image) -> None:
    spec = definition(sha256=tiny.sha256, Kernel="", Initrds=[])
    task = bootenv(spec=spec, isos=[{"src": str(tiny.path)}])
    played = run_tasks(task, task)
    assert played.changed == [True, False], played.output
    assert "the server does not unpack tiny.iso for it" in played[0]["warnings"][0]
    assert [iso_of(result)["verified"] for result in played.results] == [False, False]


@pytest.mark.needs_counters
def test_an_iso_that_lies_there_already(run_tasks: PlaybookRunner, tiny: Image, other: Image) -> None:
    """Creating the bootenv makes the server unpack it in the background."""
    wrong = definition("w-install", other.sha256)
    played = run_tasks(
        blob(kind="isos", path="tiny.iso", src=str(tiny.path)),
        bootenv(spec=definition(sha256=tiny.sha256)),
        bootenv(spec=definition(sha256=tiny.sha256), isos=[{"src": str(tiny.path)}]),
        bootenv(spec=wrong),
        bootenv(spec=wrong, isos=[{"src": str(other.path)}]),
    )
    assert [result["changed"] for result in played.results[:3]] == [True, True, False], played.output
    # the server may have been quicker than our first look
    assert iso_of(played[1])["action"] in ("unpacked", "unchanged")
    assert iso_of(played[1])["verified"]
    assert uploads(run_tasks) == 1
    told = f"bootenv tiny-install also uses an ISO called tiny.iso, with the SHA-256 {tiny.sha256}"
    assert told in played[4]["msg"]


def lose(tree: Path) -> None:
    shutil.rmtree(tree)


def tear(tree: Path) -> None:
    """As it looks while it is being unpacked."""
    (tree / "vmlinuz").write_bytes(b"")
    (tree / ".tiny.rebar_canary").unlink()


@pytest.mark.needs_counters
@pytest.mark.parametrize("harm", [lose, tear])
def test_a_tree_that_got_lost(tmp_path: Path, tiny: Image, harm: t.Callable[[Path], None]) -> None:
    state = tmp_path / "state"
    with Simulator.start(state_dir=state) as simulator:
        run_tasks = PlaybookRunner(simulator, tmp_path)
        task = bootenv(spec=definition(sha256=tiny.sha256), isos=[{"src": str(tiny.path)}])
        assert run_tasks(task).changed == [True]
        (tree,) = state.rglob("tiny/install")
        harm(tree)
        assert iso_of(run_tasks(task, flags=CHECK)[0])["action"] == "unpacked"
        played = run_tasks(task, task)
        assert played.changed == [True, False], played.output
        assert [iso_of(result)["action"] for result in played.results] == ["unpacked", "unchanged"]
        assert iso_of(played[0])["verified"]
        assert uploads(run_tasks) == 1


@pytest.mark.needs_counters
@pytest.mark.needs_faults
@pytest.mark.parametrize("port", [0, 1])
def test_no_static_port(run_tasks: PlaybookRunner, tiny: Image, port: int) -> None:
    task = bootenv(spec=definition(sha256=tiny.sha256), isos=[{"src": str(tiny.path)}])
    skipping = bootenv(spec=definition(sha256=tiny.sha256), isos=[{"src": str(tiny.path)}], verify=False)
    api = Api(run_tasks.simulator)
    info = {**api("GET", "info").json(), "file_port": port}
    run_tasks(thing(kind="profiles", spec={"Name": "logged-in"}))
    answer = {"status": 200, "body": json.dumps(info), "content_type": "application/json", "times": 0}
    run_tasks.simulator.fault("status", "^info$", "GET", **answer)
    played = run_tasks(task, skipping)
    assert played[0]["failed"]
    assert ("Static file service not running" if port == 0 else "Connection refused") in played[0]["msg"]
    assert "verify: false" in played[0]["msg"]
    assert uploads(run_tasks) == 1
    assert played[1]["isos"][0]["action"] == "uploaded"


# -- what the user gets wrong


@pytest.mark.needs_counters
def test_bad_input(run_tasks: PlaybookRunner, tmp_path: Path, tiny: Image) -> None:
    (tmp_path / "bad.yml").write_text("Name: [x\n")
    (tmp_path / "nameless.yml").write_text("Kernel: x\n")
    (tmp_path / "refers.yml").write_text("Name: x\nTemplates: [{Name: a, Path: a, ID: ../../etc/hosts}]\n")
    spec, src = definition(sha256="0" * 64), str(tiny.path)
    twice = {**definition(), "OS": {"Name": "a", "IsoFile": "a.iso", "IsoSha256": "1" * 64}}
    arch = {"IsoFile": "a.iso", "Sha256": "2" * 64, "Kernel": "k"}
    twice["OS"] = {**twice["OS"], "SupportedArchitectures": {"arm64": arch}}
    cases: list[tuple[dict[str, t.Any], str]] = [
        ({"name": "absent"}, "no such bootenv; set spec or src"),
        ({"spec": {"Kernel": "x"}}, "the object has no Name"),
        ({"src": "/nowhere.yml"}, "/nowhere.yml: No such file"),
        ({"src": str(tmp_path)}, "It needs to be a file"),
        ({"src": str(tmp_path / "bad.yml")}, "bad.yml, line"),
        ({"src": str(tmp_path / "nameless.yml")}, "the boot environment has no Name"),
        ({"src": str(tmp_path / "refers.yml")}, "the template ../../etc/hosts is not below"),
        ({"name": "other", "spec": spec}, "name: other is not tiny-install"),
        ({"spec": spec, "isos": [{"file": "x.iso", "src": src}]}, "ISOs of the bootenv: tiny.iso (amd64)"),
        (
            {"spec": spec, "isos": [{"arch": "s390", "src": src}]},
            "s390x does not select one ISO of bootenv tiny-install. Set file or arch",
        ),
        ({"spec": spec, "isos": [{"src": src}, {"src": src}]}, "both refer to tiny.iso"),
        (
            {"spec": spec, "isos": [{"src": src, "sha256": "1" * 64}]},
            "is not that of bootenv tiny-install, 000",
        ),
        ({"spec": spec, "isos": [{"src": src, "url": "http://x"}]}, "mutually exclusive"),
        ({"spec": spec, "arches": ["arm64"]}, "has no ISO for arm64"),
        ({"spec": definition(iso="a/b.iso")}, "must be a plain name"),
        ({"spec": twice}, "it names a.iso twice, with the different checksums"),
        ({"spec": spec, "templates": [{"contents": "x"}]}, "id, src"),
        ({"spec": spec, "templates": [{"src": "/nowhere"}]}, "Unable to import template nowhere"),
        ({"spec": spec, "templates": [{"src": src, "id": "x"}]}, "it is not UTF-8 text"),
        ({"spec": spec, "templates": [{"id": "x", "contents": ""}] * 2}, "x is given twice"),
    ]
    run_tasks.simulator.reset_stats()
    played = run_tasks(*[bootenv(**options) for options, _told in cases])
    for (options, told), result in zip(cases, played.results, strict=True):
        assert result["failed"], options
        assert told in result["msg"], (options, result["msg"])
    assert "Traceback" not in played.output
    assert run_tasks.simulator.stats()["writes"] == 0
