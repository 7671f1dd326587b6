#!/bin/sh
# The browser that the slow journeys need: Debian's chromium, and fonts with Chinese letters. Does nothing when it is there.
set -eu
if [ -x /usr/bin/chromium ]; then exit 0; fi
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "chromium: installing Debian's chromium and fonts-noto-cjk" >&2
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-cjk >/dev/null
else
  echo "chromium: the browser tests are skipped; on Debian: sudo apt-get install chromium fonts-noto-cjk" >&2
fi
