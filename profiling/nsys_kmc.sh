#!/usr/bin/env bash
# A timeline of vacancy kMC on an NVIDIA GPU: kernels, copies and Zener's own ranges (NVTX).
#   profiling/nsys_kmc.sh [NAME [ARGS of zener_bench kmc …]]      writes NAME.nsys-rep, NAME_*.csv, NAME.md (default: kmc)
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/common.sh"

profile_nsys "kmc --quick" "${1:-kmc}" "${@:2}"
