#!/bin/sh
# Usage: requirements/install.sh base|dev [...]
# Makes .venv where there is none and installs the pinned, hashed requirements: with uv from the package index, or with
# pip alone where uv cannot be had. Does nothing when the requirement files have not changed since the last time.
set -eu
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*"; }

find_python() {
    for name in ${PYTHON:-} python3.13 python3.12 python3.11 python3; do
        if "$name" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            say "$name"
            return
        fi
    done
}

make_environment() {
    python=$(find_python)
    if [ -z "$python" ]; then
        say "QTS needs Python 3.11, 3.12 or 3.13, and none of python3.13, python3.12, python3.11, python3 is one." >&2
        say "Install it (Debian, Ubuntu: apt install python3 python3-venv), or name it: make setup PYTHON=/path/to/python3.11" >&2
        exit 1
    fi
    say "Making .venv with $python"
    if "$python" -m venv .venv 2>.venv.log; then
        rm -f .venv.log
    elif uv venv --quiet --seed --python "$python" --clear .venv 2>>.venv.log; then
        rm -f .venv.log
    else
        rm -rf .venv
        cat .venv.log >&2
        rm -f .venv.log
        say "" >&2
        say "$python cannot make a virtual environment. On Debian and Ubuntu: apt install python3-venv" >&2
        exit 1
    fi
}

checksum() { cksum <"requirements/$1.txt"; }

is_installed() { [ "$(cat ".venv/installed-$1" 2>/dev/null)" = "$(checksum "$1")" ]; }

have_uv() {
    .venv/bin/uv --version >/dev/null 2>&1 && return
    # the pinned, hashed entry of uv out of the development requirements
    awk '/^uv==/ {take = 1} /^[a-z]/ && !/^uv==/ {take = 0} take' requirements/dev.txt >.venv/uv.txt
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r .venv/uv.txt
}

install_group() {
    if is_installed "$1"; then
        return
    fi
    say "Installing requirements/$1.txt"
    if have_uv; then
        .venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes -r "requirements/$1.txt"
    else
        say "uv cannot be had here; pip takes some minutes more."
        .venv/bin/python -m pip install --disable-pip-version-check --require-hashes -r "requirements/$1.txt"
    fi
    checksum "$1" >".venv/installed-$1"
}

.venv/bin/python -c '' 2>/dev/null || make_environment
for group in "$@"; do
    install_group "$group"
done
