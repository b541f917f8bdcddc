#!/usr/bin/env bash
# What a machine with an NVIDIA GPU says of this project, in less than MINUTES minutes (12 where nothing else is said).
#
# Needs no network: an NVIDIA driver, the CUDA headers for run-time compilation, python3 with PyTorch 2.11 for the
# comparison. A step that lacks something says so, and the rest goes on. Everything lands in OUT (./out):
# report.md, which this script writes step by step so that a run that is cut off still says what it had; log.txt with
# everything that was printed; and the trained networks. PARTS names what is wanted of "check bench compare wgpu train"
# (all of it where nothing is said).
set -u
cd "$(dirname "$0")" || exit 1
here=$PWD
out=${OUT:-$here/out}
minutes=${MINUTES:-12}
parts=" ${PARTS:-check bench compare wgpu train} "
mkdir -p "$out" work
report=$out/report.md
log=$out/log.txt
began=$(date +%s)
: >"$report"
: >"$log"

wanted() { case $parts in *" $1 "*) return 0 ;; esac; return 1; }
left() { echo $((minutes * 60 - ($(date +%s) - began))); }
say() { printf '%s\n' "$@" | tee -a "$report"; }

# Why the next steps cannot be run here; empty where they can.
missing=""

# step NAME SECONDS COMMAND...: runs it, shows the end of what it printed in the report.
step() {
  local name=$1 limit=$2
  shift 2
  if [ -n "$missing" ]; then
    say "" "## $name" "" "Not run: $missing."
    return 1
  fi
  local rest
  rest=$(left)
  if [ "$rest" -lt 20 ]; then
    say "" "## $name" "" "Not run: the time was used up."
    return 1
  fi
  [ "$limit" -gt "$rest" ] && limit=$rest
  local started code
  started=$(date +%s)
  printf '\n===== %s: %s\n' "$name" "$*" >>"$log"
  timeout -k 5 "$limit" "$@" >work/step.txt 2>&1
  code=$?
  cat work/step.txt >>"$log"
  {
    printf '\n## %s\n\n' "$name"
    printf '`%s`: ' "$*"
    case $code in
    0) printf 'done in %s s.\n' $(($(date +%s) - started)) ;;
    124 | 137) printf 'stopped after %s s, its limit.\n' "$limit" ;;
    *) printf 'failed (exit code %s) after %s s.\n' "$code" $(($(date +%s) - started)) ;;
    esac
    printf '\n```\n'
    tail -n 30 work/step.txt | cut -c1-400
    printf '```\n'
  } >>"$report"
  printf '%s: exit code %s, %s s\n' "$name" "$code" $(($(date +%s) - started))
  return $code
}

say "# GPU report" "" "Made by run.sh of \`cargo xtask gpu\`; at most $minutes minutes."

# Unpack.
for file in bin/*.xz; do
  [ -e "$file" ] || continue
  xz -dk -T0 -f "$file" 2>/dev/null ||
    python3 -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), open(sys.argv[1][:-3], "wb"))' "$file"
done
chmod +x bin/* 2>/dev/null

# CUDA's headers: of the system, or of Python's packages.
find_cuda() {
  local folder
  for folder in "${CUDA_PATH:-}" "${CUDA_HOME:-}" /usr/local/cuda /usr/local/cuda-* /opt/cuda; do
    [ -n "$folder" ] && [ -e "$folder/include/cuda_runtime.h" ] && { echo "$folder"; return; }
  done
  python3 - <<'PYTHON' 2>/dev/null
import glob, os, site
for base in site.getsitepackages():
    for found in glob.glob(os.path.join(base, "nvidia", "**", "cuda_runtime.h"), recursive=True):
        print(os.path.dirname(os.path.dirname(found)))
        raise SystemExit
PYTHON
}
CUDA_PATH=$(find_cuda)
export CUDA_PATH
nvrtc=$(python3 - <<'PYTHON' 2>/dev/null
import glob, os, site
found = [os.path.dirname(path) for base in site.getsitepackages() for path in glob.glob(os.path.join(base, "nvidia", "**", "lib*nvrtc*.so*"), recursive=True)]
print(":".join(sorted(set(found))))
PYTHON
)
export LD_LIBRARY_PATH="${CUDA_PATH:+$CUDA_PATH/lib64:$CUDA_PATH/lib:}${nvrtc:+$nvrtc:}${LD_LIBRARY_PATH:-}"
# Measured choices of kernels are shared by all steps.
export HOME=$here/work XDG_CACHE_HOME=$here/work/cache
mkdir -p "$XDG_CACHE_HOME"

machine() {
  nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv || echo "no nvidia-smi"
  echo "CUDA headers: ${CUDA_PATH:-not found}"
  python3 -c 'import torch; print("PyTorch", torch.__version__, torch.cuda.get_device_name(0) if torch.cuda.is_available() else "without a GPU")' || echo "no PyTorch"
  nproc
  grep -m1 'model name' /proc/cpuinfo
  free -g | head -2
}
export -f machine
step "The machine" 60 bash -c machine

bundle=bundle
# One command with kernels that are chosen by measurement costs a minute of compiling; later ones find them in the cache.
# A compiler of kernels that fails is found out first, by the smallest check there is.
cuda=""
for kind in cuda-cpp cuda-llvm; do
  [ -x bin/wellplate-$kind ] || continue
  wanted check || { cuda=bin/wellplate-$kind; break; }
  if step "CUDA against the CPU ($kind)" 150 bin/wellplate-$kind inspect --bundle $bundle --device cuda; then
    [ -n "$cuda" ] || cuda=bin/wellplate-$kind
  fi
done

bench() { # NAME BINARY DEVICE PRESET GENES BATCH SECONDS
  local parts=(bench --json --preset "$4" --genes "$5" --device "$3")
  [ "$6" != own ] && parts+=(--batch "$6")
  step "$1" "$7" "$2" "${parts[@]}"
}

[ -n "$cuda" ] || missing="no CUDA build of this folder computes here"
if wanted bench; then
  memory() { nvidia-smi --query-gpu=memory.used --format=csv,noheader -lms 2000 >work/memory.txt; }
  watching=""
  [ -z "$missing" ] && { memory & watching=$!; }
  bench "A step of the page preset, CUDA" "$cuda" cuda page 9015 own 90
  bench "The same, 256 cells" "$cuda" cuda page 9015 256 90
  bench "A step of the paper's network (85 million parameters), CUDA" "$cuda" cuda paper-85m 18080 32 120
  step "Cells of the bundle, CUDA" 60 "$cuda" sample --bundle $bundle --device cuda --cells 512 --out work/cells.h5ad
  if [ -n "$watching" ]; then
    kill "$watching" 2>/dev/null
    say "" "Largest memory in use meanwhile: $(sort -n work/memory.txt 2>/dev/null | tail -n 1)."
  fi
fi
if wanted compare; then
  step "Beside PyTorch, page preset, 256 cells" 120 python3 bench/compare.py --binary "$cuda" --device cuda --preset page --genes 9015 --batch 256 --rounds 1
  step "Beside PyTorch, paper-85m" 150 python3 bench/compare.py --binary "$cuda" --device cuda --preset paper-85m --genes 18080 --batch 32 --rounds 1
fi

for kind in vulkan wgpu; do
  wanted wgpu || continue
  missing=""
  [ -x bin/wellplate-$kind ] || missing="this folder holds no build for $kind"
  step "wgpu against the CPU ($kind)" 90 bin/wellplate-$kind inspect --bundle $bundle --device wgpu ||
    missing=${missing:-"the build for $kind does not compute here"}
  bench "A step of the page preset, $kind" bin/wellplate-$kind wgpu page 9015 own 60
  step "Cells of the bundle, $kind" 60 bin/wellplate-$kind sample --bundle $bundle --device wgpu --cells 256 --out work/cells-$kind.h5ad
done

# Whether networks can be trained, with a sentence where they cannot.
trains() {
  local why=""
  wanted train || return 1
  [ "$(left)" -gt 60 ] || why="the time was used up"
  [ -d recipes ] || why="this folder holds no recipe"
  [ -n "$cuda" ] || why="no CUDA build of this folder computes here"
  [ -z "$why" ] || say "" "## Training" "" "Not run: $why."
  [ -z "$why" ]
}

# Training with the minutes left: all recipes side by side, each stopped in time and exported.
if trains; then
  say "" "## Training" "" "With $(left) seconds left, on $cuda."
  # Room for the last checkpoint and for packing.
  limit=$(($(left) - 45))
  pids=()
  for recipe in recipes/*.toml; do
    name=$(basename "$recipe" .toml)
    data=$(cat "recipes/$name.data" 2>/dev/null)
    [ -e "data/$data" ] || { say "- $name: its cells (data/$data) are not here."; continue; }
    # SIGTERM writes a checkpoint; the best one is there already.
    WELLPLATE_PROGRESS_SECONDS=30 timeout -s TERM -k 30 "$limit" "$cuda" train --device cuda --data "data/$data" --config "$recipe" \
      --out "work/runs/$name" --save-every "${SAVE_EVERY:-100}" >"work/$name.txt" 2>&1 &
    pids+=($!)
  done
  wait "${pids[@]}" 2>/dev/null
  for recipe in recipes/*.toml; do
    name=$(basename "$recipe" .toml)
    [ -e "work/$name.txt" ] || continue
    cat "work/$name.txt" >>"$log"
    say "" "### $name" "" '```' "$(tail -n 3 "work/$name.txt" | cut -c1-300)" \
      "$(grep '"checkpoint"' "work/runs/$name/events.jsonl" 2>/dev/null | tail -n 2 | cut -c1-200)" '```'
  done
  # The best averages and what they belong to; not the optimiser's state. A few archives of at most 15 MB.
  (cd work/runs && for run in */; do
    name=${run%/}
    [ -e "$name/best.safetensors" ] || continue
    tar -cf - "$name/best.safetensors" "$name/events.jsonl" "$name/recipe.toml" "$name/run.json" 2>/dev/null | xz -T0 -1 >"$out/$name.run.tar.xz"
  done)
fi
say "" "Done after $(($(date +%s) - began)) seconds."
