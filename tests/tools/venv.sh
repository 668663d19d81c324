#!/usr/bin/env bash
# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Create .venv, or refresh the one that is there: venv.sh [PYTHON]
set -euo pipefail
cd "$(dirname "$0")/../.."

new_enough='import sys; sys.exit(sys.version_info < (3, 11))'

# Print the first Python that is new enough and can make virtual environments.
find_python() {
    local name crippled=""
    for name in "$@" python3.14 python3.13 python3.12 python3.11 python; do
        "$name" -c "$new_enough" 2>/dev/null </dev/null || continue
        if "$name" -c 'import ensurepip, venv' 2>/dev/null </dev/null; then
            echo "$name"
            return
        fi
        crippled="$name"
    done
    if [ -n "$crippled" ]; then
        echo "$crippled cannot make virtual environments: install its venv package" \
            "(Debian and Ubuntu: apt install python3-venv)." >&2
    else
        echo "Python 3.11 or newer is needed and was not found: install it, or name it: make venv PYTHON=/path/to/python3" >&2
    fi
    return 1
}

if ! [ -d .venv/bin ]; then
    python=$(find_python "${1:-python3}")
    echo "Making .venv with $("$python" --version); its packages come from PyPI, which takes a minute or two." >&2
    "$python" -m venv .venv
elif ! .venv/bin/python -c "$new_enough" 2>/dev/null; then
    echo ".venv is broken or older than Python 3.11: remove it and try again." >&2
    exit 1
fi

# a line now and then, so that nobody takes a slow line for a hanging one; what is installed already is not told
.venv/bin/python -m pip install --progress-bar off --disable-pip-version-check --no-input -r requirements-dev.txt \
    </dev/null 2> >(grep -v '^WARNING: ' >&2 || true) | awk '
        /^Collecting / { if (++count % 10 == 1) { print "  package " count ": " $2; fflush() } }
        /^Installing collected packages/ { print "  installing " split($0, names, ",") " packages"; fflush() }
    ' >&2

namespace=.venv/collections/ansible_collections/digitalrebar
mkdir -p "$namespace"
ln -sfn ../../../.. "$namespace/provision"
