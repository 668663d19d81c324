# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX makes of a credential of our type for the jobs that use it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from checkout import ROOT
from jinja2 import sandbox

CREDENTIAL_TYPE = yaml.safe_load((ROOT / "playbooks/files/awx_credential_type.yml").read_text("utf-8"))


def inject(folder: Path, **inputs: Any) -> dict[str, str]:
    """The environment of a job, as AWX makes it: empty fields are undefined, missing boxes not ticked."""
    injectors, fields = CREDENTIAL_TYPE["injectors"], CREDENTIAL_TYPE["inputs"]["fields"]
    namespace: dict[str, Any] = {field["id"]: False for field in fields if field["type"] == "boolean"}
    namespace |= {name: value for name, value in inputs.items() if value != ""}
    world = sandbox.ImmutableSandboxedEnvironment()
    names = {}
    for label, template in injectors["file"].items():
        path = folder / f"tmp-{label}"
        path.write_text(world.from_string(template).render(namespace))
        names[label.partition(".")[2]] = str(path)
    namespace["tower"] = {"filename": names}
    return {name: world.from_string(text).render(namespace) for name, text in injectors["env"].items()}
