# shellcheck shell=bash
# What the scripts share: to be sourced, by scripts that run under `set -euo pipefail`.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

say() { printf '\n==> %s\n' "$*"; }

# Ends the script with one clear line.
die() {
    printf '\npilotlight: %s\n' "$*" >&2
    exit 1
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# The packages of the named sections of packages.txt.
packages_of() {
    local section
    for section in "$@"; do
        awk -v wanted="[$section]" '
            /^\[/ { inside = ($0 == wanted); next }
            inside && !/^#/ && NF { print $1 }' "$root/scripts/packages.txt"
    done
}

is_installed() {
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing_of() {
    local package
    for package in "$@"; do
        is_installed "$package" || echo "$package"
    done
}

apt() {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -y -q \
        -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300 "$@"
}

# Whether apt's lists know every one.
are_known() {
    local package
    for package in "$@"; do
        apt-cache show --no-all-versions "$package" >/dev/null 2>&1 || return 1
    done
}

# Installs, and refreshes apt's lists first where they lack something, or afterwards where they
# name a version that is no longer there.
apt_install() {
    if ! are_known "$@"; then
        say "refreshing the package lists"
        apt update || die "apt-get update failed; is the network there?"
    fi
    apt install --no-install-recommends "$@" && return
    say "refreshing the package lists, then once more"
    if ! { apt update && apt install --no-install-recommends "$@"; }; then
        die "could not install: $*. Pilotlight builds on Debian 12 (this is $(system_name))"
    fi
}

system_name() {
    # shellcheck source=/dev/null
    (. /etc/os-release 2>/dev/null && echo "${PRETTY_NAME:-unknown}")
}

# Packages of servers start their service when they are installed, and at each boot from then on.
# We want their programs only: while packages are installed a policy forbids starting anything
# (deb-systemd-invoke and invoke-rc.d ask it), and afterwards what is new is disabled.
policy=/usr/sbin/policy-rc.d
cluster_settings=/etc/postgresql-common/createcluster.conf
undo_file=
policy_is_ours=

forbid_services() {
    [ -e "$policy" ] && return
    printf '#!/bin/sh\n# Of scripts/install, for as long as it runs.\nexit 101\n' |
        as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
    policy_is_ours=yes
}

allow_services() {
    if [ -n "$undo_file" ]; then
        as_root cp -p "$undo_file" "$cluster_settings"
        as_root rm -f "$undo_file"
        undo_file=
    fi
    if [ -n "$policy_is_ours" ]; then
        as_root rm -f "$policy"
        policy_is_ours=
    fi
}

# postgresql-15 makes a database cluster when it is installed, unless this setting says no. It
# belongs to postgresql-common, which therefore comes first; the setting is put back afterwards.
forbid_database_cluster() {
    is_installed postgresql-common || apt_install postgresql-common
    undo_file=$(mktemp)
    cp -p "$cluster_settings" "$undo_file"
    echo 'create_main_cluster = false' | as_root tee -a "$cluster_settings" >/dev/null
}

disable_services_of() {
    local package unit units='^(/usr)?/lib/systemd/system/[^@/]*\.service$'
    [ -x /usr/bin/systemctl ] || return 0
    for package in "$@"; do
        is_installed "$package" || continue
        for unit in $(dpkg -L "$package" | grep -E "$units"); do
            as_root systemctl disable "$(basename "$unit")" >/dev/null 2>&1 || true
        done
    done
}

# install_packages SECTION...: whatever of these sections is not there yet.
install_packages() {
    command -v apt-get >/dev/null || die "no apt-get here: Pilotlight builds on Debian 12"
    local wanted missing servers
    mapfile -t wanted < <(packages_of "$@")
    mapfile -t missing < <(missing_of "${wanted[@]}")
    if [ ${#missing[@]} -eq 0 ]; then
        say "packages ($*): all are installed"
        return
    fi
    say "installing ${#missing[@]} packages: ${missing[*]}"
    if [ "$(id -u)" -ne 0 ] && ! command -v sudo >/dev/null; then
        die "needs root once: apt-get install ${missing[*]}"
    fi
    # postgresql-common is not in the list, but comes along with a service.
    mapfile -t servers < <(missing_of prometheus prometheus-blackbox-exporter redis-server \
        postgresql-15 postgresql-common)
    trap allow_services EXIT
    trap 'exit 130' INT TERM
    forbid_services
    case " ${missing[*]} " in *' postgresql-15 '*) forbid_database_cluster ;; esac
    apt_install "${missing[@]}"
    allow_services
    trap - EXIT INT TERM
    disable_services_of "${servers[@]}"
    mapfile -t missing < <(missing_of "${missing[@]}")
    [ ${#missing[@]} -eq 0 ] || die "still not installed: ${missing[*]}"
}

# One compiler takes up to 1.5 GB: no more of them than processors, nor than fit.
build_jobs() {
    local processors memory
    processors=$(nproc)
    memory=$(awk '/^MemAvailable/ { print int($2 / 1500000) }' /proc/meminfo)
    [ "$memory" -ge 1 ] || memory=1
    echo $((processors < memory ? processors : memory))
}

# build PRESET TARGET...: configures and builds, showing progress.
build() {
    local preset=$1 log=$root/build/$1-configure.log target
    shift
    mkdir -p "$root/build"
    # ccache needs a folder to write to; a machine's build user may have no home.
    [ -w "${HOME:-/nonexistent}" ] || export CCACHE_DIR=${CCACHE_DIR:-$root/build/ccache}
    say "configuring build/$preset"
    if ! (cd "$root" && cmake --preset "$preset" >"$log" 2>&1); then
        tail -n 20 "$log" >&2
        die "could not configure the build (all of it is in $log)"
    fi
    say "building $* (build/$preset, $(build_jobs) at a time)"
    local targets=()
    for target in "$@"; do targets+=(--target "$target"); done
    cmake --build "$root/build/$preset" --parallel "$(build_jobs)" "${targets[@]}" ||
        die "the build failed; the first error above says why"
}
