#!/bin/sh
# The programs the tests drive, from Debian's packages: Chromium, Firefox with something to play
# into, nginx, and Node for the tests of JavaScript modules.
set -eu
missing=""
command -v chromium >/dev/null || missing="$missing chromium"
command -v firefox-esr >/dev/null || missing="$missing firefox-esr"
command -v pulseaudio >/dev/null || missing="$missing pulseaudio"
command -v node >/dev/null || missing="$missing nodejs"
command -v nginx >/dev/null || [ -x /usr/sbin/nginx ] || missing="$missing nginx-light"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "The tests need these programs: sudo apt-get install$missing" >&2
  exit 1
fi
apt-get update -qq
# Only the programs are wanted; no service is to be started on the way.
if [ ! -e /usr/sbin/policy-rc.d ]; then
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod +x /usr/sbin/policy-rc.d
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
