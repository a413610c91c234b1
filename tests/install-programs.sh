#!/bin/sh
# The programs that the tests drive, from Debian's packages.
set -eu
missing=""
need() { # need PROGRAM PACKAGE: PROGRAM is a name in PATH or an absolute path
  command -v "$1" >/dev/null || missing="$missing $2"
}
# In full for benchmarks, without windows for tests: there a page takes a quarter of the time.
need chromium chromium
need chromium-headless-shell chromium-headless-shell
need firefox-esr firefox-esr
need pulseaudio pulseaudio
need node nodejs
need redis-server redis-server
[ -x /usr/sbin/nginx ] || need nginx nginx-light
ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
  echo "The tests need these programs: sudo apt-get install$missing" >&2
  exit 1
fi
apt-get update -qq
# Only the programs are wanted: no service may start during the installation.
if [ ! -e /usr/sbin/policy-rc.d ]; then
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod +x /usr/sbin/policy-rc.d
  trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
