#!/usr/bin/env bash
# Counters of a potential's kernels on an NVIDIA GPU: share of the peaks, stalls, registers, traffic by level, with source lines.
#   profiling/ncu_md.sh [NAME [ARGS of zener_bench md …]]         writes NAME.ncu-rep, NAME.csv (raw page), NAME.md (default: md)
# ZENER_POTENTIAL="EAM W Zhou" looks at another one than "SNAP 2J=8 quadratic". Where counters are closed to users
# (ERR_NVGPUCTRPERM) only the administrator can open them.
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/common.sh"

# The launches before are those of the check with its small crystal.
profile_ncu 'EamGather|EamSpread|SnapForce|NepForce' 60 "${1:-md}" "$bench" md --device "${ZENER_DEVICE:-cuda:0}" --no-parts \
  --only "${ZENER_POTENTIAL:-SNAP 2J=8 quadratic}" --sizes 128000 --precision double "${@:2}"
