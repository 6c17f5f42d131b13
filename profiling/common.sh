# shellcheck shell=bash
# Shared by the profiler scripts; sourced, not run.
bench=${ZENER_BENCH:-$(dirname -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")")/build/bin/zener_bench}

# needs TOOL WHAT: ends with one line when the tool is not there.
needs() {
  command -v "$1" >/dev/null || {
    echo "$(basename -- "$0"): error: $1 ($2) is not on PATH" >&2
    exit 1
  }
}

needs_bench() {
  [[ -x $bench ]] || {
    echo "$(basename -- "$0"): error: $bench is missing; build it with ./zener.sh build, or name another in ZENER_BENCH" >&2
    exit 1
  }
}
