#!/usr/bin/env bash
# A timeline of molecular dynamics on an NVIDIA GPU: kernels, copies and Zener's own ranges (NVTX). Steps run as in production.
#   profiling/nsys_md.sh [NAME [ARGS of zener_bench md …]]        writes NAME.nsys-rep, NAME_*.csv, NAME.md (default: md)
set -euo pipefail
# shellcheck source=common.sh
source "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/common.sh"

profile_nsys "md --quick --no-parts" "${1:-md}" "${@:2}"
