#!/usr/bin/env bash
# Zener in one command: installs what is missing, builds, and does what was asked.
#   ./zener.sh run PRESET [ARGS]     run a preset; likewise every other command of the program (./zener.sh --help)
#   ./zener.sh test [--slow] [ARGS]  run the tests; ARGS go to GoogleTest, e.g. --gtest_filter='Kmc*'
#   ./zener.sh build                 build all programs into build/bin
#   ./zener.sh portable [FILE]       pack programs, presets and scripts for a bare machine (default: build-portable/zener.tar.gz);
#                                    the ending (.tar.gz, .tar.xz, .tar.zst) says how
#   ./zener.sh packages [SECTION …]  install the packages of cmake/packages.txt only
# Environment: ZENER_CUDA=AUTO|ON|OFF, ZENER_HIP=ON|OFF and ZENER_NATIVE=ON|OFF set the build's options of the same names.
set -euo pipefail

root=$(cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")" && pwd)
preset=release
build=$root/build
log=$build/zener.sh.log

say() { echo "zener.sh: $*" >&2; }
die() {
  say "error: $*"
  exit 1
}

# The packages outside of any section, then those of the sections named.
list_packages() {
  awk -v wanted=" $* " '
    { sub(/#.*/, "") }
    /^\[/ { gsub(/[][ \t]/, ""); section = $0; next }
    NF && (section == "" || index(wanted, " " section " ")) { print $1 }' "$root/cmake/packages.txt"
}

install_packages() {
  command -v dpkg-query >/dev/null || return 0 # not Debian: CMake names what it does not find
  local package missing=() as_root=()
  for package in $(list_packages "$@"); do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || missing+=("$package")
  done
  [[ ${#missing[@]} -gt 0 ]] || return 0
  if [[ $(id -u) -ne 0 ]]; then
    command -v sudo >/dev/null || die "these packages are missing, and installing them needs root or sudo: ${missing[*]}"
    as_root=(sudo)
  fi
  say "installing ${#missing[@]} packages: ${missing[*]}"
  local options=(-y -q --no-install-recommends -o DPkg::Lock::Timeout=120)
  : >"$log"
  { "${as_root[@]}" apt-get update -q &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install "${options[@]}" "${missing[@]}"; } >>"$log" 2>&1 </dev/null || {
    tail -n 20 "$log" >&2
    die "apt-get could not install: ${missing[*]} (the whole log: $log)"
  }
}

cached() { sed -n "s/^$1:[A-Z]*=//p" "$build/CMakeCache.txt" 2>/dev/null; }

# Configures when there is no build yet, an option in the environment differs, or a CUDA compiler has come.
configure() {
  local option changed=0 options=()
  for option in ZENER_CUDA ZENER_HIP ZENER_NATIVE; do
    if [[ -n ${!option:-} ]]; then
      options+=("-D$option=${!option}")
      [[ ${!option} == "$(cached "$option")" ]] || changed=1
    fi
  done
  if [[ $(cached ZENER_NVCC) == *-NOTFOUND ]] && { command -v nvcc || [[ -x /usr/local/cuda/bin/nvcc ]]; } >/dev/null; then
    changed=1
  fi
  [[ -f $build/build.ninja && $changed == 0 ]] && return 0
  (cd -- "$root" && cmake --preset "$preset" "${options[@]}") >"$log" 2>&1 || {
    cat "$log" >&2
    rm -f -- "$build/build.ninja" "$build/CMakeCache.txt" # so that the next call configures again
    die "configuring failed (the log above is also in $log)"
  }
  grep -E '^-- Zener: ' "$log" | sed 's/^-- /zener.sh: /' >&2 || true
}

# Builds the targets. A terminal sees ninja's one line of progress, anything else how long it took.
compile() {
  SECONDS=0
  if [[ -t 2 ]]; then
    cmake --build "$build" --target "$@" >&2 || die "the build failed"
    return
  fi
  [[ -x $build/bin/$1 ]] || say "building, a few minutes on two cores (progress: $log)"
  cmake --build "$build" --target "$@" >"$log" 2>&1 || {
    grep -v '^\[[0-9]*/[0-9]*\] ' "$log" | sed -n 1,60p >&2
    die "the build failed (the whole log: $log)"
  }
  [[ $SECONDS -lt 3 ]] || say "built in $SECONDS s"
}

# Everything up to the programs named; one at a time in a checkout.
prepare() {
  mkdir -p "$build"
  (
    command -v flock >/dev/null && flock 9
    local sections=()
    [[ ${ZENER_HIP:-$(cached ZENER_HIP)} != ON ]] || sections+=(hip)
    install_packages "${sections[@]}"
    configure
    compile "$@"
  ) 9>"$build/.zener.sh.lock"
}

# The programs of the preset portable without symbols, and what they read at run time, in one archive that unpacks to zener/.
# Nothing else is needed where it is unpacked but libc, for CUDA the driver, and for plots a Python.
pack_portable() {
  local file=$1 compressor
  case $file in
  *.tar.gz) compressor=gzip ;;
  *.tar.xz) compressor=xz ;;
  *.tar.zst) compressor="zstd -19 -q" ;;
  *) die "portable: '$file' must end in .tar.gz, .tar.xz or .tar.zst" ;;
  esac
  command -v "${compressor%% *}" >/dev/null || die "portable: ${compressor%% *} is not on PATH; choose another ending"
  prepare zener zener_bench zener_tests
  local program others
  for program in zener zener_bench zener_tests; do
    others=$(readelf -d "$build/bin/$program" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p' |
      grep -Ev '^(libc|libm|libpthread|libdl|librt|ld-linux-x86-64)\.so' | tr '\n' ' ') || true
    [[ -z $others ]] || die "portable: $program would need ${others% } where it is copied to"
  done
  stage=$(mktemp -d) # not local: the trap needs it
  trap 'rm -rf -- "$stage"' EXIT
  mkdir -p "$stage"/zener/{bin,lib,apps} "$(dirname -- "$file")"
  for program in zener zener_bench zener_bench_micro zener_tests; do
    strip -o "$stage/zener/bin/$program" "$build/bin/$program"
  done
  cp -- "$build"/lib/*.so.* "$stage/zener/lib/"
  cp -r -- "$root/presets" "$stage/zener/"
  cp -r -- "$root/apps/plot" "$root/apps/import" "$stage/zener/apps/"
  mkdir "$stage/zener/profiling"
  cp -- "$root"/profiling/*.{sh,py,md} "$stage/zener/profiling/"
  find "$stage/zener" -name __pycache__ -prune -exec rm -rf {} +
  rm -rf -- "$stage/zener/presets/results"
  tar -C "$stage" --owner=0 --group=0 --sort=name -I "$compressor" -cf "$file.partial" zener
  mv -- "$file.partial" "$file"
  say "$file: $(du -k --apparent-size "$file" | cut -f 1) KiB; elsewhere: tar xf ${file##*/} && zener/bin/zener run quickstart"
}

case ${1:-} in
packages)
  shift
  mkdir -p "$build"
  install_packages "$@"
  ;;
build)
  [[ $# == 1 ]] || die "build takes no arguments, not '${*:2}'"
  prepare all
  ;;
portable)
  [[ $# -le 2 ]] || die "portable takes one file, not '${*:3}'"
  preset=portable build=$root/build-portable
  log=$build/zener.sh.log
  pack_portable "$(realpath -m -- "${2:-$build/zener.tar.gz}")"
  ;;
test)
  shift
  prepare zener_tests zener
  exec "$build/bin/zener_tests" "$@"
  ;;
bench)
  prepare zener_bench zener
  exec "$build/bin/zener" "$@"
  ;;
*)
  prepare zener
  exec "$build/bin/zener" "$@"
  ;;
esac
