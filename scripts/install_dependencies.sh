#!/usr/bin/env bash
# Installs the Debian packages that Phosphene needs and that are missing, and those that are named behind it
# (install_dependencies.sh slurm-wlm). Does nothing if all are installed.
# Without root or sudo it prints the command to run, and fails.
set -euo pipefail

packages=(
  g++ cmake ninja-build make pkg-config            # build
  ccache lld                                       # the same, sooner
  libdnnl-dev                                      # convolutions on the CPU
  libfmt-dev nlohmann-json3-dev libcli11-dev       # output, configs, command line
  libpng-dev libjpeg62-turbo-dev liblcms2-dev      # images, their colours
  libprotobuf-dev protobuf-compiler libhdf5-dev    # Caffe, ONNX, TensorFlow; Keras
  zlib1g-dev libxxhash-dev                         # deflated zip archives; digests of files
  libgtest-dev libbenchmark-dev python3-jsonschema # tests, benchmarks
  python3 python3-pip ca-certificates              # fetching trained weights
  "$@"
)

if ! command -v dpkg-query > /dev/null; then
  echo "install_dependencies: this system has no dpkg. Install the equivalents of these Debian packages: ${packages[*]}" >&2
  exit 1
fi

missing=()
for package in "${packages[@]}"; do
  status="$(dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2> /dev/null || true)"
  [[ "$status" == ii* ]] || missing+=("$package")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if ! command -v sudo > /dev/null || ! sudo true; then
    echo "install_dependencies: packages are missing, and installing them needs root. Run this, then try again:" >&2
    echo "  apt-get install -y ${missing[*]}" >&2
    exit 1
  fi
  as_root=(sudo)
fi

echo "installing ${missing[*]}" >&2
"${as_root[@]}" apt-get update -q >&2
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
