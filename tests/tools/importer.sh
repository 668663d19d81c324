#!/usr/bin/env bash
# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Check the archive as Galaxy and Automation Hub do when it is uploaded: importer.sh ARCHIVE
# The importer has an environment of its own, because its packages are pinned.
set -euo pipefail
archive=$(realpath "$1")
cd "$(dirname "$0")/../.."

environment=.venv/importer
if ! [ -f "$environment/.ready" ]; then
    echo "Making $environment with galaxy-importer, which takes a minute." >&2
    .venv/bin/python -m venv --clear "$environment"
    "$environment/bin/python" -m pip install -qq --disable-pip-version-check --no-input \
        "galaxy-importer>=0.4.30" "ansible-core>=2.19,<2.23" -r requirements.txt </dev/null
    touch "$environment/.ready"
fi

log=build/importer.log
mkdir -p build
cat >"$environment/importer.cfg" <<'CONFIG'
[galaxy-importer]
CHECK_REQUIRED_TAGS = True
LOG_LEVEL_MAIN = INFO
RUN_ANSIBLE_DOC = True
RUN_ANSIBLE_LINT = True
RUN_ANSIBLE_TEST = False
CONFIG
status=0
(
    unset ANSIBLE_COLLECTIONS_PATH ANSIBLE_CONFIG
    cd "$environment"
    PATH="$PWD/bin:$PATH" GALAXY_IMPORTER_CONFIG="$PWD/importer.cfg" \
        bin/python -m galaxy_importer.main "$archive" </dev/null
) >"$log" 2>&1 || status=$?
cat "$log"
if [ "$status" -ne 0 ] || grep -Eq '^(WARNING|ERROR|CRITICAL)' "$log"; then
    echo "The importer complains: see $log." >&2
    exit 1
fi
