#!/usr/bin/env bash
# Kernel times and copies of vacancy kMC on an AMD GPU, with Zener's own ranges (roctx).
#   profiling/rocprof_kmc.sh [NAME [ARGS of zener_bench kmc …]]   writes NAME{,.stats,.hip_stats}.csv, NAME.json, NAME.md (default: kmc)
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/common.sh"

profile_rocprof "kmc --quick" "${1:-kmc}" "${@:2}"
