#!/usr/bin/env bash
# Counters of the walker kernel on an NVIDIA GPU: share of the peaks, stalls, registers, traffic by level, with source lines.
#   profiling/ncu_kmc.sh [NAME [ARGS of zener_bench micro …]]     writes NAME.ncu-rep, NAME.csv (raw page), NAME.md (default: kmc)
# ZENER_WALKERS=1 looks at a lone walker in place of 16,384. Where counters are closed to users (ERR_NVGPUCTRPERM) only the
# administrator can open them.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/common.sh"

profile_ncu AdvanceKernel 2 "${1:-kmc}" "$micro" --device "${ZENER_DEVICE:-cuda:0}" \
  --benchmark_filter="advance_100_hops/mlp_float32/${ZENER_WALKERS:-16384}/" "${@:2}"
