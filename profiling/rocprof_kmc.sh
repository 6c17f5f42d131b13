#!/usr/bin/env bash
# Kernel times and copies of vacancy kMC on an AMD GPU, with Zener's own ranges (roctx).
#   profiling/rocprof_kmc.sh [NAME [ARGS of zener_bench kmc …]]   writes NAME{,.stats,.hip_stats}.csv, NAME.json, NAME.md (default: kmc)
set -euo pipefail
here=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd)
# shellcheck source=common.sh
source "$here/common.sh"

needs rocprof "ROCm's profiler"
needs python3 "for report.py"
needs_program "$bench"
name=${1:-kmc}
rocprof --stats --hip-trace --roctx-trace -o "$name.csv" "$bench" kmc --quick --device "${ZENER_DEVICE:-hip:0}" "${@:2}"
python3 "$here/report.py" "$name.stats.csv" "$name.hip_stats.csv" >"$name.md"
cat "$name.md"
