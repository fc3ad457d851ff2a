#!/usr/bin/env bash
# Draws configs/figures/ for GoogLeNet into runs/figures, on one page, at quick settings (docs/figures.md). Needs the model `googlenet` and
# the photographs of $PHOSPHENE_ASSETS/photos. Finished pictures are kept.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
phosphene="${PHOSPHENE:-build/release/phosphene}"

for config in configs/figures/*.json; do
  name="$(basename "$config" .json)"
  quick=(--set /steps=128)
  nadam=(--set '/optimizer={"nadam": {"learning_rate": 0.1}}')
  case "$name" in
    *_inceptionv1) continue ;;
    fv_19* | fv_21*) quick=() nadam=() ;;  # a single step
    fv_03*) quick+=(--set '/snapshots=[0, 4, 48, 128]') ;;
    fv_14* | fv_17* | fv_18* | fv_20*) quick+=(--set '/snapshots=[8, 32, 128]') nadam=() ;;
    dip_08*) quick+=(--set '/snapshots=[0, 16, 32, 64, 96, 128]') nadam=() ;;
    dip_09*) quick+=(--set /phases/0/steps=128 --set '/snapshots=[128, 160, 192, 224]') nadam=() ;;
    dip_07* | dip_11* | dip_12*) nadam=() ;;
  esac
  "$phosphene" render "$config" --out "runs/figures/$name" "${quick[@]}" "${nadam[@]}"
done
"$phosphene" report runs/figures
