#!/bin/bash
# Fuzzes the readers of users' files with libFuzzer under the address and undefined-behaviour sanitizers.
#   tests/fuzz/run.sh FOLDER SECONDS [READER …]      all of kFuzzedReaders in readers.hpp without names, one after the other
# FOLDER takes the programs, the growing corpora (FOLDER/READER) and what crashed (FOLDER/READER-crash-*). The corpora start
# from tests/fuzz/corpus. Ends with an error when anything crashed. CXX: clang++ (14 or later).
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=${1:?folder} seconds=${2:?seconds}
shift 2
cxx=${CXX:-clang++-15}
mkdir -p "$folder"
readers=("$@")
if [ ${#readers[@]} -eq 0 ]; then
  mapfile -t readers < <(sed -n 's/^ *{"\([a-z0-9_]*\)", \[\].*/\1/p' "$root/tests/fuzz/readers.hpp")
fi
flags=(-std=c++20 -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined -DFMT_HEADER_ONLY -I"$root")
objects=()
for source in "$root"/host/neutral/{atom_files*,atoms,elements,text,text_lines,files,structure_files,lattice_tables}.cpp \
  "$root"/kernels/potentials/*/*_file.cpp; do
  [ -e "$source" ] || continue
  object=$folder/$(basename "$source").o
  objects+=("$object")
  [ "$object" -nt "$source" ] || "$cxx" "${flags[@]}" -fsanitize=fuzzer-no-link -c "$source" -o "$object"
done
failed=0
for reader in "${readers[@]}"; do
  "$cxx" "${flags[@]}" -fsanitize=fuzzer -DZENER_FUZZ_READER="\"$reader\"" "$root/tests/fuzz/fuzz_target.cpp" "${objects[@]}" -o "$folder/fuzz_$reader"
  mkdir -p "$folder/$reader"
  seed=$root/tests/fuzz/corpus/$reader
  [ -d "$seed" ] || seed=
  dictionary=$root/tests/fuzz/dictionary.txt
  nice -n 15 "$folder/fuzz_$reader" -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
    -artifact_prefix="$folder/$reader-" -dict="$dictionary" "$folder/$reader" $seed >"$folder/$reader.log" 2>&1 || failed=1
  tail -n 12 "$folder/$reader.log" | grep -E "stat::number_of_executed|SUMMARY|Done" || true
done
exit $failed
