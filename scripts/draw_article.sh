#!/usr/bin/env bash
# Draws configs/article/ into runs/article, on one page. Uses GoogLeNet if $PHOSPHENE_ASSETS has it (models/, photos/). Otherwise uses
# VGG16 and two photographs, both from the Python package index, and takes several times as long. Finished pictures are kept.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
phosphene="${PHOSPHENE:-build/release/phosphene}"
cache="${PHOSPHENE_MODELS:-$HOME/.cache/phosphene}"
configs="configs/article"

caffe="${PHOSPHENE_ASSETS:-}/models"
if [ -s "$caffe/bvlc_googlenet.caffemodel" ]; then
  if [ ! -s "$cache/googlenet.safetensors" ]; then
    mkdir -p "$cache"
    "$phosphene" convert "$caffe/bvlc_googlenet.caffemodel" --topology "$caffe/googlenet_deploy.prototxt" \
      --labels "$caffe/imagenet_synset_words.txt" -o "$cache/googlenet.safetensors" > /dev/null
  fi
elif [ ! -s "$cache/googlenet.safetensors" ] || [ ! -d "${PHOSPHENE_ASSETS:-}/photos" ]; then
  echo "GoogLeNet or its photographs were not found (\$PHOSPHENE_ASSETS): drawing with VGG16 instead"
  "$phosphene" fetch vgg16 > /dev/null
  configs="runs/article_configs"
  mkdir -p "$configs"
  scripts/fetch_photographs.sh "$configs"
  python3 scripts/article_for_vgg16.py "$configs"
fi

for config in "$configs"/*.json; do
  "$phosphene" render "$config" --out "runs/article/$(basename "$config" .json)"
done
# Photographs between the two ends of a unit.
ends="runs/article/03_negative_and_positive"
if [ "$configs" = "configs/article" ] && [ -d "${PHOSPHENE_ASSETS:-}/photos" ]; then
  "$phosphene" examples googlenet "$PHOSPHENE_ASSETS/photos" --layer inception_4c/output:pre --units 10 \
    --out "$ends/examples" > /dev/null && "$phosphene" report "$ends" > /dev/null || true
fi
"$phosphene" report runs/article
