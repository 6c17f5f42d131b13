#!/bin/bash
# Fuzzes the readers of users' files with libFuzzer under the address and undefined-behaviour sanitizers.
#   tests/fuzz/run.sh FOLDER SECONDS [READER …]      all of kFuzzedReaders in readers.hpp without names, one after the other
# FOLDER takes the program, the growing corpora (FOLDER/READER) and what crashed (FOLDER/READER-crash-*). The corpora start
# from tests/fuzz/corpus. Ends with an error when anything crashed. CXX: clang++ (14 or later).
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=${1:?folder} seconds=${2:?seconds}
shift 2
cxx=${CXX:-clang++-15}
mkdir -p "$folder"
readers=("$@")
if [ ${#readers[@]} -eq 0 ]; then
  mapfile -t readers < <(sed -n 's/^ *{"\([a-z0-9_]*\)", .*/\1/p' "$root/tests/fuzz/readers.hpp")
fi
sources=("$root"/host/neutral/*.cpp "$root"/kernels/potentials/*/*_file.cpp "$folder/embedded_schemas.cpp")
schemas=("$root"/presets/schema/*.schema.json)
cmake "-DINPUTS=$(IFS='|' && echo "${schemas[*]}")" "-DOUTPUT=$folder/embedded_schemas.cpp" -P "$root/cmake/embed_schemas.cmake"
dictionary=$folder/dictionary.txt
{ cat "$root/tests/fuzz/dictionary.txt" && grep -ohE '"[A-Za-z0-9_]+"' "${schemas[@]}" | sort -u | sed 's/"\(.*\)"/"\\"\1\\""/'; } >"$dictionary"
flags=(-std=c++20 -O1 -g1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined -DFMT_HEADER_ONLY
  -DSPDLOG_FMT_EXTERNAL -I"$root" $(pkg-config --cflags hdf5 openblas fftw3))
objects=()
for source in "${sources[@]}"; do
  object=$folder/$(basename "$source").o
  objects+=("$object")
  [ "$object" -nt "$source" ] || "$cxx" "${flags[@]}" -fsanitize=fuzzer-no-link -c "$source" -o "$object"
done
rm -f "$folder/readers.a"
ar rcs "$folder/readers.a" "${objects[@]}"
"$cxx" "${flags[@]}" -fsanitize=fuzzer "$root/tests/fuzz/fuzz_target.cpp" "$folder/readers.a" $(pkg-config --libs hdf5 openblas fftw3) -lpthread -o "$folder/fuzz"
failed=0
for reader in "${readers[@]}"; do
  mkdir -p "$folder/$reader"
  seed=$root/tests/fuzz/corpus/$reader
  [ -d "$seed" ] || seed=
  ZENER_FUZZ_READER=$reader nice -n 15 "$folder/fuzz" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$folder/$reader-" -dict="$dictionary" "$folder/$reader" $seed >"$folder/$reader.log" 2>&1 || failed=1
  tail -n 12 "$folder/$reader.log" | grep -E "stat::number_of_executed|SUMMARY|Done" || true
done
exit $failed
