#!/usr/bin/env bash
# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: GPL-3.0-or-later
# Show what the collection does, on a simulated server that ends with this script.
set -euo pipefail
cd "$(dirname "$0")/../.."

python=.venv/bin/python
folder=$(mktemp -d)
trap 'exec 3>&-; wait "${server:-}" 2>/dev/null || true; rm -rf "$folder"' EXIT
unset RS_ENDPOINTS RS_TOKEN

# The server reads our end of the pipe: it goes when this script goes, however that happens.
mkfifo "$folder/life" "$folder/said"
PYTHONPATH=tests $python -m simulator --exit-with-stdin <"$folder/life" >"$folder/said" &
server=$!
exec 3>"$folder/life"
while read -r label value; do
    case $label in
        endpoint:) export RS_ENDPOINT=$value ;;
        ca:) authority=$value ;;
        fingerprint:) fingerprint=$value ;;
        ready) break ;;
    esac
done <"$folder/said"
[ -n "${RS_ENDPOINT:-}" ] || { echo "the simulated server did not start" >&2; exit 1; }
export RS_KEY=rocketskates:r0cketsk8ts RS_TOKEN_CACHE="$folder/tokens"
export ANSIBLE_CALLBACK_RESULT_FORMAT=yaml

play() {
    .venv/bin/ansible-playbook playbooks/demo.yml -e demo_fingerprint="$fingerprint" "$@"
}

heading() { printf '\n\033[1m== %s\033[0m\n' "$*"; }

heading "A DRP server (simulated) listens on $RS_ENDPOINT"
heading "First what would happen: check mode writes nothing"
play --check | tail -n 2
heading "Now for real"
play
heading "The machines as an Ansible inventory"
printf 'plugin: digitalrebar.provision.drp\nca_path: %s\n' "$authority" >"$folder/demo.drp.yml"
.venv/bin/ansible-inventory -i "$folder/demo.drp.yml" --graph
.venv/bin/ansible-inventory -i "$folder/demo.drp.yml" --host demo-7 --yaml | sed -n '/ansible_host\|demo.greeting\|Workflow/p'
heading "The same playbook again: nothing to do"
play | tee "$folder/second" | tail -n 2
grep -q 'changed=0 ' "$folder/second" || { echo "the second run changed something" >&2; exit 1; }
heading "Done; the server and all it held are gone"
