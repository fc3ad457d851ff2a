#!/usr/bin/env bash
# Times whole optimisation steps beside Lucent and plain PyTorch on this machine's CPU, alternately in one run, and prints tables in
# Markdown. Installs the peers (1.5 GB, from the Python package index) into build/peers, once. Arguments go to compare.py.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

venv="${PHOSPHENE_PEERS:-build/peers}"
if [ ! -x "$venv/bin/python" ]; then
  python3 -m venv "$venv"
  # Without what they ask for: Lucent wants notebooks and test tools that no step uses.
  "$venv/bin/pip" install --quiet --no-deps torch-lucent==0.1.8 kornia==0.4.1
  "$venv/bin/pip" install --quiet torch torchvision numpy pillow tqdm decorator ipython scikit-learn
fi
exec "$venv/bin/python" bench/peers/compare.py "$@"
