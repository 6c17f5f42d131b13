#!/usr/bin/env bash
# Kernel times and copies of molecular dynamics on an AMD GPU, with Zener's own ranges (roctx).
#   profiling/rocprof_md.sh [NAME [ARGS of zener_bench md …]]     writes NAME{,.stats,.hip_stats}.csv, NAME.json, NAME.md (default: md)
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/common.sh"

profile_rocprof "md --quick --no-parts" "${1:-md}" "${@:2}"
