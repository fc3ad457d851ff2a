#!/usr/bin/env bash
# Runs every fuzz target for some seconds (default: 60), with memory and time bounded. Prints executions and faults of each; what broke
# one stays in build/fuzz/faults. Options after the seconds name the formats: run.sh 1200 onnx pth.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

seconds="${1:-60}"
shift || true
formats=("$@")
[ ${#formats[@]} -gt 0 ] || formats=(onnx pth safetensors pb h5 keras caffemodel prototxt)
faults="build/fuzz/faults"
mkdir -p "$faults"
status=0
for format in "${formats[@]}"; do
  # The light networks ask for weights that are not in the file: seconds and megabytes each.
  corpus="build/fuzz/corpus/$format"
  mkdir -p "$corpus"
  find tests/fuzz/seeds ${PHOSPHENE_ASSETS:+"$PHOSPHENE_ASSETS/models"} -name "*.$format" -size -700k -not -name "light_*" -exec cp -n {} "$corpus/" \;
  log="build/fuzz/$format.log"
  # Debian's libhdf5 1.10 leaks a few kB of damaged files, and asks for terabytes, which it can be refused.
  export ASAN_OPTIONS="allocator_may_return_null=1:detect_leaks=$([[ "$format" = h5 || "$format" = keras ]] && echo 0 || echo 1)"
  # An input may take 256 MB beside its own 1 MB; the sanitizers' own memory comes on top of the program's.
  "build/fuzz/tests/fuzz/fuzz_$format" "$corpus" -max_total_time="$seconds" -max_len=1000000 -malloc_limit_mb=257 -rss_limit_mb=2048 \
    -timeout=10 -artifact_prefix="$faults/$format-" -print_final_stats=1 > "$log" 2>&1 || status=1
  executions="$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)"
  found="$(find "$faults" -name "$format-*" | wc -l)"
  echo "$format: ${executions:-0} executions in $seconds s, $found faults"
done
exit $status
