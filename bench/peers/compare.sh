#!/usr/bin/env bash
# Times whole optimisation steps beside Lucent and plain PyTorch on this machine's CPU, alternately in one run, and prints a table in
# Markdown. Installs the peers (1.5 GB, from the Python package index) into build/peers, once. Arguments go to compare.py.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

venv="${PHOSPHENE_PEERS:-build/peers}"
installed='import importlib.metadata as m; [m.version(p) for p in "torch torchvision IPython scikit-learn kornia torch-lucent".split()]'
if ! "$venv/bin/python" -c "$installed" 2> /dev/null; then  # missing, or an installation that broke off
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet torch torchvision numpy pillow tqdm decorator ipython scikit-learn
  # Without what they ask for: Lucent wants notebooks and test tools that no step uses, and kornia is the one it was written for.
  "$venv/bin/pip" install --quiet --no-deps kornia==0.4.1 torch-lucent==0.1.8
fi
exec "$venv/bin/python" bench/peers/compare.py "$@"
