#!/usr/bin/env bash
# Counters of the walker kernel on an NVIDIA GPU: share of the peaks, stalls, registers, traffic by level, with source lines.
#   profiling/ncu_kmc.sh [NAME [ARGS of zener_bench micro …]]     writes NAME.ncu-rep, NAME.csv (raw page), NAME.md (default: kmc)
# ZENER_WALKERS=1 looks at a lone walker in place of 16,384. Where counters are closed to users (ERR_NVGPUCTRPERM) only the
# administrator can open them.
set -euo pipefail
here=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd)
# shellcheck source=common.sh
source "$here/common.sh"

needs ncu "NVIDIA Nsight Compute"
needs python3 "for report.py"
needs_program "$micro"
name=${1:-kmc}
ncu --set full --import-source yes --kernel-name-base demangled --kernel-name 'regex:AdvanceKernel' --launch-skip 2 --launch-count 2 \
  --force-overwrite --export "$name" "$micro" --device "${ZENER_DEVICE:-cuda:0}" \
  --benchmark_filter="advance_100_hops/mlp_float32/${ZENER_WALKERS:-16384}/" "${@:2}"
ncu --import "$name.ncu-rep" --page details
ncu --import "$name.ncu-rep" --page raw --csv >"$name.csv"
python3 "$here/report.py" "$name.csv" >"$name.md"
cat "$name.md"
