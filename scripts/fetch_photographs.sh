#!/usr/bin/env bash
# Fetches two photographs that come with scikit-learn, china.jpg and flower.jpg, into a folder (BSD licence; the pictures are CC BY, by
# Danielle Buma and dany13). Does nothing if they are already there.
#   usage: fetch_photographs.sh FOLDER
set -euo pipefail

folder="$1"
wheel="scikit_learn-1.3.2-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
sha256="fc4144a5004a676d5022b798d9e573b05139e77f271253a4703eed295bde0433"
[ -s "$folder/china.jpg" ] && [ -s "$folder/flower.jpg" ] && exit 0

work="$(mktemp -d "$folder/fetch.XXXXXX")"
trap 'rm -rf "$work"' EXIT
echo "fetching two photographs (11 MB)" >&2
python3 -m pip download -q --disable-pip-version-check --no-deps --only-binary=:all: --python-version 3.11 \
  --platform manylinux2014_x86_64 --dest "$work" "scikit-learn==1.3.2" >&2
echo "$sha256  $work/$wheel" | sha256sum --check --quiet - >&2
python3 -m zipfile -e "$work/$wheel" "$work"
mv "$work"/sklearn/datasets/images/{china,flower}.jpg "$folder"
