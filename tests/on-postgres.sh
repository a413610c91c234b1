#!/bin/sh
# Runs the tests that touch the database once more, on PostgreSQL: on the server that
# TEST_DATABASE_URL names, else on one started here for the purpose, else not at all.
set -eu
python="$1"
shift
# These know no database of ours: the same run again would prove nothing new.
apart="--ignore=tests/kallglot --ignore=tests/simulator --ignore=tests/audio
       --ignore=tests/browser --ignore=tests/relay"

if [ -n "${TEST_DATABASE_URL:-}" ]; then
  exec "$python" -m pytest $apart "$@"
fi
programs=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1)
if [ -z "$programs" ]; then
  echo "PostgreSQL is not installed here, so the tests ran on SQLite only."
  exit 0
fi
folder=$(mktemp -d)
as_user=""
if [ "$(id -u)" = 0 ]; then
  # PostgreSQL refuses to run as root.
  if ! id postgres >/dev/null 2>&1; then
    echo "There is no user postgres here, so the tests ran on SQLite only."
    exit 0
  fi
  chown postgres "$folder"
  as_user="setpriv --reuid=postgres --regid=postgres --clear-groups"
fi
finish() {
  $as_user "$programs/pg_ctl" -D "$folder/data" -m immediate stop >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap finish EXIT
# Without these a shell that is ended by Ctrl-C would leave the server behind.
trap 'exit 130' INT
trap 'exit 143' TERM HUP
$as_user "$programs/initdb" -D "$folder/data" -U "$(id -un)" -A trust -E UTF8 --locale=C.UTF-8 >/dev/null
$as_user "$programs/pg_ctl" -D "$folder/data" -w -l "$folder/log" \
  -o "-c listen_addresses='' -k $folder -c fsync=off" start >/dev/null
TEST_DATABASE_URL="postgres:///postgres?host=$folder" "$python" -m pytest $apart "$@"
