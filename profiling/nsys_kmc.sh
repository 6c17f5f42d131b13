#!/usr/bin/env bash
# A timeline of vacancy kMC on an NVIDIA GPU: kernels, copies and Zener's own ranges (NVTX).
#   profiling/nsys_kmc.sh [NAME [ARGS of zener_bench kmc …]]      writes NAME.nsys-rep, NAME_*.csv, NAME.md (default: kmc)
set -euo pipefail
here=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd)
# shellcheck source=common.sh
source "$here/common.sh"

needs nsys "NVIDIA Nsight Systems"
needs python3 "for report.py"
needs_program "$bench"
name=${1:-kmc}
nsys profile --trace=cuda,nvtx --force-overwrite=true --output="$name" "$bench" kmc --quick --device "${ZENER_DEVICE:-cuda:0}" "${@:2}"
reports=(cuda_gpu_kern_sum cuda_gpu_mem_time_sum nvtx_sum)
nsys stats --force-export=true --force-overwrite=true --format csv --output "$name" "${reports[@]/#/--report=}" "$name.nsys-rep"
tables=()
for report in "${reports[@]}"; do
  tables+=("${name}_$report.csv")
done
python3 "$here/report.py" "${tables[@]}" >"$name.md"
cat "$name.md"
