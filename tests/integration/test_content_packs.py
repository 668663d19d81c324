# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every real content pack through drp_content and drp_content_fetch: up, again, changed, down, away."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from checkout import ROOT
from playbook_runner import PlaybookRunner, content, content_fetch

from ansible_collections.digitalrebar.provision.plugins.module_utils.client.formats import decode_yaml
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.packs.bundle import bundle
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.packs.diff import compare
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.packs.pack import Pack, counts
from ansible_collections.digitalrebar.provision.plugins.module_utils.client.packs.pack_file import read_pack

DATA = ROOT.parent / "shared" / "data"
PACKS = ["v1.12.0/content", "v4/content", "v4/task-library"]
DROPPED = {
    "v1.12.0/content": [],
    # debian-10 has a checksum under a name that no server knows there
    "v4/content": ["bootenvs.Loaders, bootenvs.OS.SupportedArchitectures.IsoSha256, bootenvs.OS.type"],
    "v4/task-library": ["profiles.Profiles, stages.Params"],
}
"""What a v3.12 server does not keep of them."""
NO_FEATURES = {"RequiredFeatures": None}
"""v4 packs ask for features that a v3.12 server does not have."""


def as_v3_keeps_it(pack: Pack) -> Pack:
    """Without what only a v4 server knows, and without the features that the tests leave out."""
    known = ("Name", "Version", "Description", "Documentation", "Source")
    dropped = {("stages", "Params"), ("profiles", "Profiles"), ("bootenvs", "Loaders")}
    return {
        "meta": {field: value for field, value in pack["meta"].items() if field in known},
        "sections": {
            section: {
                key: {name: value for name, value in item.items() if (section, name) not in dropped}
                for key, item in items.items()
            }
            for section, items in pack["sections"].items()
        },
    }


@pytest.mark.needs_counters
@pytest.mark.skipif(not DATA.is_dir(), reason=f"the real content packs are not in {DATA}")
@pytest.mark.parametrize("pack", PACKS)
def test_life_of_a_real_pack(run_tasks: PlaybookRunner, tmp_path: Path, pack: str) -> None:
    source = tmp_path / "source"
    shutil.copytree(DATA / pack, source)
    wanted = bundle(str(source))
    name = wanted["meta"]["Name"]
    spec = {"src": str(source), "meta": NO_FEATURES}

    first = run_tasks(content(**spec), content(**spec), content_fetch(name=name, dest=str(tmp_path / "out")))
    assert first.code == 0, first.output
    assert first.changed == [True, False, True]
    assert first[0]["counts"] == counts(wanted) == first[2]["counts"]
    assert len(first[0]["errors"]) >= 10
    assert all(error.startswith(("stage ", "workflow ", "bootenv ")) for error in first[0]["errors"])
    assert "not available" in first[0]["warnings"][-1]
    lost = [warning for warning in first[0]["warnings"] if "dropped them: " in warning]
    assert [warning.split(" dropped them: ")[1] for warning in lost] == DROPPED[pack]
    assert "warnings" not in first[1]
    if pack != "v4/content":
        assert not compare(bundle(str(tmp_path / "out")), as_v3_keeps_it(wanted))
    assert not list(source.rglob("*.drp-*"))

    before = len(run_tasks.simulator.log())
    run_tasks.simulator.reset_stats()
    again = run_tasks(content(**spec))
    assert again.changed == [False]
    assert run_tasks.simulator.stats()["writes"] == 0
    asked = [entry["path"] for entry in run_tasks.simulator.log()[before:]]
    assert asked == ["contents", f"contents/{name}"]

    param = min((source / "params").iterdir())
    param.write_text(json.dumps({**decode_yaml(param.read_bytes()), "Documentation": "changed here"}))
    back = str(tmp_path / "out")
    changed = run_tasks(
        content(**spec),
        content_fetch(name=name, dest=back),
        content_fetch(name=name, dest=back),
        content(src=back),
        content(name=name, state="absent"),
        content(name=name, state="absent"),
        flags=["--diff"],
    )
    assert changed.changed == [True, True, False, False, True, False]
    diff = changed[0]["diff"]
    ((section, items),) = diff["after"]["sections"].items()
    ((_key, fields),) = items.items()
    assert (section, list(fields)) == ("params", ["Documentation"])
    assert changed[1]["written"] == [f"params/{next(iter(items)).replace('/', '.')}.yaml"]


@pytest.mark.skipif(not DATA.is_dir(), reason=f"the real content packs are not in {DATA}")
def test_a_pack_file_of_all_of_it(run_tasks: PlaybookRunner, tmp_path: Path) -> None:
    source = str(DATA / "v4/task-library")
    out = {form: str(tmp_path / f"pack.{form}") for form in ("yaml", "json")}
    played = run_tasks(
        content(src=source),
        content_fetch(name="task-library", dest=out["yaml"]),
        content_fetch(name="task-library", dest=out["json"]),
        content_fetch(name="task-library", dest=out["json"]),
        content(src=out["yaml"]),
        content(src=out["json"]),
        content(name="task-library", state="absent"),
        content(src=out["json"]),
    )
    assert played.changed == [True, True, True, False, False, False, True, True]
    packs = [read_pack(path) for path in out.values()]
    assert packs[0] == packs[1]
    assert not compare(packs[0], as_v3_keeps_it(bundle(source)))
