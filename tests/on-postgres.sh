#!/bin/sh
# Runs a command with TEST_DATABASE_URL naming a PostgreSQL server: the one it names already, or
# one that is started here for the purpose.
#   sh tests/on-postgres.sh python -m pytest tests/test_search.py
set -eu

if [ -n "${TEST_DATABASE_URL:-}" ]; then
  exec "$@"
fi
programs=$(ls -d /usr/lib/postgresql/*/bin | tail -n 1)
folder=$(mktemp -d)
as_user=""
if [ "$(id -u)" = 0 ]; then
  # PostgreSQL refuses to run as root.
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
# Each parallel process of the tests has some portals of its own, with up to 30 connections each.
$as_user "$programs/pg_ctl" -D "$folder/data" -w -l "$folder/log" -o "-c listen_addresses='' \
  -k $folder -c fsync=off -c full_page_writes=off -c max_connections=400" start >/dev/null
TEST_DATABASE_URL="postgres:///postgres?host=$folder" "$@"
