# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The machine agent: runs a machine's jobs and does not lose, repeat or garble them.

:mod:`.cli` is the command, :mod:`.machine_agent` the state machine, :mod:`.task_runner` one job.  Inside the
zipapp this package stands beside the client, so imports are relative everywhere.
"""
