#!/usr/bin/env bash
# A timeline of vacancy kMC on an NVIDIA GPU: kernels, copies and Zener's own ranges (NVTX).
#   profiling/nsys_kmc.sh [NAME [ARGS of zener_bench kmc …]]      writes NAME.nsys-rep (default: kmc)
set -euo pipefail
here=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd)
# shellcheck source=common.sh
source "$here/common.sh"

needs nsys "NVIDIA Nsight Systems"
needs_bench
name=${1:-kmc}
nsys profile --trace=cuda,nvtx --force-overwrite=true --output="$name" "$bench" kmc --quick --device "${ZENER_DEVICE:-cuda:0}" "${@:2}"
nsys stats --report cuda_gpu_kern_sum,cuda_gpu_mem_time_sum,nvtx_sum "$name.nsys-rep"
