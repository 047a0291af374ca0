#!/bin/sh
# Makes .venv and installs Salon in it.
#
#   setup.sh serve    what the server needs
#   setup.sh dev      and the tools of development: tests, linters, type checker
#
# Plain POSIX, because it runs where nothing is installed yet. uv does the work where it is found, venv and pip otherwise.
# Whatever goes wrong is said in one sentence; what the tools said stands in .cache/setup.log.
set -u
cd "$(dirname "$0")/.." || exit 1

what=${1:-serve}
log=.cache/setup.log
python=.venv/bin/python
mkdir -p .cache
: >"$log"

fail() {
    printf 'salon: %s\n' "$*" >&2
    exit 1
}

# Runs a tool with its words in the log; on failure tells a missing network from everything else.
run() {
    "$@" >>"$log" 2>&1 </dev/null && return
    if grep -qiE 'connection|resolve|name resolution|network|timed out|timeout|proxy|error sending request|certificate' "$log"; then
        fail "the package registry cannot be reached, so Salon's dependencies were not installed: check the network, or the proxy and index settings of pip and uv ($log has the details)."
    fi
    fail "the set-up failed at \"$1\": $(grep -v '^[[:space:]]*$' "$log" | tail -n 1) ($log has the details)."
}

# A name on PATH may be an old Python, a broken link or a version manager's stub, so each is asked.
version_of() { "$1" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null; }
new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
can_make_venv() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

# uv installs dependency groups since 0.6.17; an older one is as good as none.
uv=
if [ "$what" = dev ]; then wanted=--group; else wanted=--editable; fi
if uv pip install --help 2>/dev/null | grep -q -e "$wanted"; then uv=uv; fi

choose_python() {
    chosen= without_venv= too_old=
    for name in python3.13 python3.12 python3.11 python3 python; do
        version=$(version_of "$name") || continue
        if ! new_enough "$name"; then
            too_old=${too_old:-$version}
        elif [ -z "$uv" ] && ! can_make_venv "$name"; then
            without_venv=${without_venv:-$version}
        else
            chosen=$name shown=$version
            return
        fi
    done
    if [ -n "$without_venv" ]; then
        fail "Python $without_venv is here without its venv module: install it (Debian and Ubuntu: apt install python3-venv), or install uv, and run the same command again."
    fi
    # uv finds Pythons that are not on PATH and can bring one.
    if [ -n "$uv" ]; then
        chosen=3.13 shown=3.13
        return
    fi
    if [ -n "$too_old" ]; then
        fail "Salon needs Python 3.11 or newer and found $too_old: install a newer one, or install uv, and run the same command again."
    fi
    fail "Salon needs Python 3.11 or newer and found none: install it, or install uv, and run the same command again."
}

make_venv() {
    choose_python
    printf 'Setting up Salon in .venv with Python %s (once; it takes a minute) ...\n' "$shown"
    rm -rf .venv
    if [ -z "$uv" ]; then
        run "$chosen" -m venv .venv
    elif ! uv venv --quiet --python "$chosen" .venv >>"$log" 2>&1; then
        fail "Salon needs Python 3.11 or newer${too_old:+ and found $too_old}, and uv could not bring one: install it and run the same command again ($log has the details)."
    fi
}

if new_enough "$python"; then
    printf 'Bringing .venv up to date ...\n'
else
    make_venv
fi

set -- --quiet --editable .
[ "$what" = dev ] && set -- "$@" --group dev
if [ -n "$uv" ]; then
    run uv pip install --python "$python" "$@"
else
    "$python" -m pip --version >>"$log" 2>&1 || run "$python" -m ensurepip
    # pip installs dependency groups since 25.1.
    [ "$what" = dev ] && run "$python" -m pip install --quiet --retries 2 --upgrade 'pip>=25.1'
    run "$python" -m pip install --retries 2 --disable-pip-version-check "$@"
fi

# Speech without a key is an extra: where there is no wheel for this machine, Salon works without it.
if [ -n "$uv" ]; then
    uv pip install --python "$python" --quiet --editable '.[offline]' >>"$log" 2>&1 </dev/null
else
    "$python" -m pip install --quiet --retries 2 --disable-pip-version-check --editable '.[offline]' >>"$log" 2>&1 </dev/null
fi || printf 'salon: espeak-ng and PocketSphinx could not be installed, so speech needs a key here (%s has the details).\n' "$log" >&2

[ "$what" = dev ] && touch .venv/ready-dev
touch .venv/ready-serve
