# shellcheck shell=bash
# Shared by the profiler scripts; sourced, not run.
root=$(dirname -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")")
if [[ -n ${ZENER_BENCH:-} ]]; then
  bench=$ZENER_BENCH
elif [[ -x $root/bin/zener_bench ]]; then
  bench=$root/bin/zener_bench # an unpacked archive
else
  bench=$root/build/bin/zener_bench
fi

# shellcheck disable=SC2034 # used by the scripts
micro=${bench}_micro

# needs TOOL WHAT: ends with one line when the tool is not there.
needs() {
  command -v "$1" >/dev/null || {
    echo "$(basename -- "$0"): error: $1 ($2) is not on PATH" >&2
    exit 1
  }
}

# needs_program PATH: likewise for a program of ours.
needs_program() {
  [[ -x $1 ]] || {
    echo "$(basename -- "$0"): error: $1 is missing; build it with ./zener.sh build, or name another zener_bench in ZENER_BENCH" >&2
    exit 1
  }
}
