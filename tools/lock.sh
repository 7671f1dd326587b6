#!/usr/bin/env bash
# Pins every dependency, with hashes, for the lowest Python that pyproject.toml allows: requirements.lock (to run) and
# requirements-dev.lock (to work on it). Run it with that Python after changing a dependency: bash tools/lock.sh
# Add --upgrade to take newer releases. No address of any index is written into the files.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3.11}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
"$python" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet "pip-tools>=7.5"

pin() { # pin OUTPUT [EXTRA …]
  local output=$1
  shift
  CUSTOM_COMPILE_COMMAND="bash tools/lock.sh" "$scratch/venv/bin/pip-compile" pyproject.toml --quiet --generate-hashes \
    --strip-extras --allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
    --output-file "$output" "${upgrade[@]}" "$@"
}

upgrade=()
if [ "${1:-}" = "--upgrade" ]; then upgrade=(--upgrade); fi
pin requirements.lock
pin requirements-dev.lock --extra dev --constraint requirements.lock
if grep -nE 'file:/|https?:' requirements.lock requirements-dev.lock; then
  echo "a lock file names an address; see above" >&2
  exit 1
fi
