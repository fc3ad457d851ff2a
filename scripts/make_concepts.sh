#!/usr/bin/env bash
# Builds a folder of labelled pictures for phosphene dissect (docs/dissection.md): cut-outs of Debian's tuxpaint-stamps-default (16
# concepts with exact masks), drawn shapes, gratings and textures on parts of photographs, and the colours of all pixels. The stamps are
# GPL-2: they are fetched (161 MB) when this is called, and kept in OUT.stamps for the next call. Needs python3 with venv, and apt-get and
# dpkg-deb unless --stamps names a folder that holds them.
#   usage: make_concepts.sh PHOTOGRAPHS OUT [--count N] [--seed N] [--stamps FOLDER]
set -euo pipefail

here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
[ $# -ge 2 ] || { sed -n 's/^#   usage: /usage: /p' "$0" >&2; exit 2; }
photographs="$1" out="$2"
shift 2
package="tuxpaint-stamps-default_2022.06.04-1_all.deb"
sha256="6db6c1bfc870a47f1499d6203b083522eacb57c5f9c87d468f2e92eb6d9d5f34"
stamps="$out.stamps"
case " $* " in
  *" --stamps "*) ;;
  *)
    if [ ! -d "$stamps/usr/share/tuxpaint/stamps" ]; then
      work="$(mktemp -d)"
      trap 'rm -rf "$work"' EXIT
      echo "fetching $package (161 MB)" >&2
      (cd "$work" && apt-get download -q "tuxpaint-stamps-default=2022.06.04-1" >&2)
      echo "$sha256  $work/$package" | sha256sum --check --quiet - >&2
      mkdir -p "$stamps"
      dpkg-deb --fsys-tarfile "$work/$package" | tar -x -C "$stamps" --wildcards './usr/share/tuxpaint/stamps/*.png'
    fi
    set -- "$@" --stamps "$stamps/usr/share/tuxpaint/stamps"
    ;;
esac
python="${PYTHON:-python3}"
if ! "$python" -c 'import numpy, PIL' 2> /dev/null; then
  [ -x "$stamps/venv/bin/python" ] || python3 -m venv "$stamps/venv"
  python="$stamps/venv/bin/python"
  "$python" -c 'import numpy, PIL' 2> /dev/null || "$python" -m pip install -q --disable-pip-version-check numpy pillow >&2
fi
"$python" "$here/make_concepts.py" "$photographs" "$out" --table "$here/tuxpaint_concepts.tsv" "$@"
