# Copyright (c) 2026, the digitalrebar.provision authors
# SPDX-License-Identifier: BSD-2-Clause
"""The text of ``helper``, which bash scripts of tasks read with ``. ./helper``.

``DRP_AGENT`` in the environment is a command of this agent, so that params work on a machine without drpcli.
"""

from __future__ import annotations

HELPER = r"""# Written by drp-agent; read it with: . ./helper

export DEBIAN_FRONTEND=noninteractive DEBCONF_NONINTERACTIVE_SEEN=true
export LC_ALL=C LANGUAGE=C LANG=C
export PS4='${BASH_SOURCE}@${LINENO}(${FUNCNAME[0]}): '
set -o pipefail -o errexit
shopt -s nullglob extglob globstar

for __dir in /usr/sbin /usr/bin /sbin /bin /usr/local/sbin /usr/local/bin; do
    case ":$PATH:" in
        *":$__dir:"*) ;;
        *) PATH="$__dir:$PATH" ;;
    esac
done
unset __dir
export PATH

# -- which system this is

__lower() { printf '%s' "$*" | tr '[:upper:]' '[:lower:]'; }

__from_release_file() {
    # such as: CentOS Linux release 7.9.2009 (Core)
    local line
    read -r line <"$1" || [ -n "$line" ]
    OS_TYPE=$2
    OS_VER=$(printf '%s' "$line" | sed -n 's/^[^0-9]*\([0-9][0-9.]*\).*/\1/p')
}

__detect_os() {
    local key value
    OS_TYPE='' OS_VER=''
    if [ -f /etc/os-release ]; then
        while IFS='=' read -r key value; do
            value=${value%\"} value=${value#\"} value=${value%\'} value=${value#\'}
            case $key in
                ID) OS_TYPE=$value ;;
                VERSION_ID) OS_VER=$value ;;
            esac
        done </etc/os-release
    elif [ -f /etc/lsb-release ]; then
        while IFS='=' read -r key value; do
            value=${value%\"} value=${value#\"}
            case $key in
                DISTRIB_ID) OS_TYPE=$value ;;
                DISTRIB_RELEASE) OS_VER=$value ;;
            esac
        done </etc/lsb-release
    elif [ -f /etc/centos-release ]; then
        __from_release_file /etc/centos-release centos
    elif [ -f /etc/fedora-release ]; then
        __from_release_file /etc/fedora-release fedora
    elif [ -f /etc/redhat-release ]; then
        __from_release_file /etc/redhat-release redhat
    elif [ -f /etc/debian_version ]; then
        OS_TYPE=debian
        read -r OS_VER </etc/debian_version || true
    fi
    OS_TYPE=$(__lower "$OS_TYPE")
    OS_VER=$(__lower "$OS_VER")
    OS_NAME="$OS_TYPE-$OS_VER"
    case $OS_TYPE in
        centos | redhat | fedora | rhel | scientificlinux) OS_FAMILY=rhel ;;
        debian | ubuntu) OS_FAMILY=debian ;;
        *) OS_FAMILY=$OS_TYPE ;;
    esac
    export OS_TYPE OS_VER OS_NAME OS_FAMILY
}

__has() { command -v "$1" >/dev/null 2>&1; }

__detect_init() {
    if [ -d /run/systemd/system ] || { __has systemctl && ! __has initctl; }; then
        INITSTYLE=systemd
    elif __has initctl; then
        INITSTYLE=upstart
    else
        INITSTYLE=sysv
    fi
    export INITSTYLE
}

__detect_os
__detect_init

# -- packages and services

# Run a refresh of the package lists unless that happened within a day.
if_update_needed() {
    local stamp=$RS_RUNNER_DIR/.pkg_cache_update
    if [ -z "$(find "$stamp" -mmin -1440 2>/dev/null)" ]; then
        "$@" && : >"$stamp"
    fi
}

install() {
    case $OS_FAMILY in
        rhel)
            if_update_needed yum -q -y makecache
            yum -q -y install "$@"
            ;;
        debian)
            if_update_needed apt-get -q -y update
            apt-get -q -y install "$@"
            ;;
        alpine)
            if_update_needed apk -q update
            apk -q add "$@"
            ;;
        *)
            echo "install: no package manager is known for $OS_FAMILY" >&2
            exit 1
            ;;
    esac
}

__at_boot_sysv() {
    if __has chkconfig; then
        case $2 in enable) chkconfig "$1" on ;; disable) chkconfig "$1" off ;; esac
    elif __has update-rc.d; then
        update-rc.d "$1" "$2"
    else
        echo "service: nothing here can $2 $1" >&2
        exit 1
    fi
}

# service NAME ACTION, where ACTION is start, stop, restart, status, enable, disable...
service() {
    local name=$1 action=$2
    if __has systemctl; then
        systemctl "$action" "$name.service"
        return
    fi
    case $action in
        enable | disable)
            __at_boot_sysv "$name" "$action"
            return
            ;;
    esac
    if __has chkconfig && type -P service >/dev/null; then
        command service "$name" "$action"
    elif __has initctl && [ -f "/etc/init/$name.conf" ]; then
        initctl "$action" "$name"
    elif [ -x "/etc/init.d/$name" ]; then
        "/etc/init.d/$name" "$action"
    elif type -P service >/dev/null; then
        command service "$name" "$action"
    else
        echo "service: no service manager is here to $action $name" >&2
        exit 1
    fi
}

# -- params of this machine, as JSON

get_param() { "$DRP_AGENT" param get "$1"; }

set_param() {
    if [ -n "${2-}" ]; then
        "$DRP_AGENT" param set "$1" -- "$2"
    else
        "$DRP_AGENT" param set "$1"
    fi
}

# -- how a script ends

__sane_exit() { : >"$RS_TASK_DIR/.sane-exit-codes"; }
__exit() {
    __sane_exit
    exit "$1"
}
exit_stop() { __exit 16; }
exit_shutdown() { __exit 32; }
exit_reboot() { __exit 64; }
exit_incomplete() { __exit 128; }
exit_incomplete_shutdown() { __exit 160; }
exit_incomplete_reboot() { __exit 192; }

# addr_port ADDRESS PORT
addr_port() {
    case $1 in
        *:*) printf '[%s]:%s\n' "$1" "$2" ;;
        *) printf '%s:%s\n' "$1" "$2" ;;
    esac
}
"""
