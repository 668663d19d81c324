# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the agent makes of a supervisor that is gone."""

from __future__ import annotations

import fcntl
import json
import os
import subprocess
import threading
from pathlib import Path

from patience import LIMIT

from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.script.launch import (
    LOCK,
    PIDS,
    started_at,
)
from ansible_collections.digitalrebar.provision.plugins.module_utils.agent.script.supervised import (
    RunningScript,
)


def test_a_killed_supervisor_lets_go_of_its_lock_last(tmp_path: Path) -> None:
    """All of the script is ended all the same: nobody enforces its timeout any more."""
    script = subprocess.Popen(["sleep", "600"], start_new_session=True)
    (tmp_path / PIDS).write_text(json.dumps({"script": script.pid, "started": started_at(script.pid)}))
    lock = os.open(tmp_path / LOCK, os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    exit_pipe, writer = os.pipe()
    os.close(writer)
    letting_go = threading.Timer(0.2, os.close, [lock])
    letting_go.start()
    try:
        result = RunningScript(str(tmp_path), os.getpid(), exit_pipe).wait(LIMIT)
        assert result is not None
        assert result.lost
        assert script.wait(LIMIT) < 0
    finally:
        letting_go.join()
        script.kill()
        script.wait()
