# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The machine agent: runs a machine's jobs and does not lose, repeat or garble them.

:mod:`.machine_agent` is the state machine, :mod:`.job.task_runner` one job,
:mod:`.command.cli` is the command.
Inside the zipapp this package stands beside the client, so imports are relative everywhere.
"""
