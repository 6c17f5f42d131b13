# shellcheck shell=bash
# Shared by the profiler scripts; sourced, not run.
root=$(dirname -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")")
if [[ -n ${ZENER_BENCH:-} ]]; then
  bench=$ZENER_BENCH
elif [[ -x $root/bin/zener_bench ]]; then
  bench=$root/bin/zener_bench # an unpacked archive
else
  bench=$root/build/bin/zener_bench
fi

# shellcheck disable=SC2034 # used by the scripts
micro=${bench}_micro

# needs TOOL WHAT: ends with one line when the tool is not there.
needs() {
  command -v "$1" >/dev/null || {
    echo "$(basename -- "$0"): error: $1 ($2) is not on PATH" >&2
    exit 1
  }
}

# needs_program PATH: likewise for a program of ours.
needs_program() {
  [[ -x $1 ]] || {
    echo "$(basename -- "$0"): error: $1 is missing; build it with ./zener.sh build, or name another zener_bench in ZENER_BENCH" >&2
    exit 1
  }
}

# profile_nsys "ARGS of zener_bench" NAME [ARGS …]: a timeline with kernels, copies and our ranges (NVTX); tables in NAME.md.
profile_nsys() {
  local words report tables=() reports=(cuda_gpu_kern_sum cuda_gpu_mem_time_sum nvtx_sum)
  read -ra words <<<"$1"
  needs nsys "NVIDIA Nsight Systems"
  needs python3 "for report.py"
  needs_program "$bench"
  nsys profile --trace=cuda,nvtx --force-overwrite=true --output="$2" "$bench" "${words[@]}" --device "${ZENER_DEVICE:-cuda:0}" "${@:3}"
  nsys stats --force-export=true --force-overwrite=true --format csv --output "$2" "${reports[@]/#/--report=}" "$2.nsys-rep"
  for report in "${reports[@]}"; do
    tables+=("$2_$report.csv")
  done
  python3 "$root/profiling/report.py" "${tables[@]}" >"$2.md"
  cat "$2.md"
}

# profile_ncu KERNELS LAUNCHES_TO_SKIP NAME PROGRAM ARGS …: counters of two launches of the kernels whose names match; table in NAME.md.
profile_ncu() {
  needs ncu "NVIDIA Nsight Compute"
  needs python3 "for report.py"
  needs_program "$4"
  ncu --set full --import-source yes --kernel-name-base demangled --kernel-name "regex:$1" --launch-skip "$2" --launch-count 2 \
    --force-overwrite --export "$3" "${@:4}"
  ncu --import "$3.ncu-rep" --page details
  ncu --import "$3.ncu-rep" --page raw --csv >"$3.csv"
  python3 "$root/profiling/report.py" "$3.csv" >"$3.md"
  cat "$3.md"
}

# profile_rocprof "ARGS of zener_bench" NAME [ARGS …]: kernel times, calls of HIP and our ranges (roctx); tables in NAME.md.
profile_rocprof() {
  local words
  read -ra words <<<"$1"
  needs rocprof "ROCm's profiler"
  needs python3 "for report.py"
  needs_program "$bench"
  rocprof --stats --hip-trace --roctx-trace -o "$2.csv" "$bench" "${words[@]}" --device "${ZENER_DEVICE:-hip:0}" "${@:3}"
  python3 "$root/profiling/report.py" "$2.stats.csv" "$2.hip_stats.csv" >"$2.md"
  cat "$2.md"
}
