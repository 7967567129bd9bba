#!/bin/bash
# Makes a database cluster in an empty PGDATA, then becomes the server. Understands what users of the official image set:
# POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB, POSTGRES_INITDB_ARGS, POSTGRES_HOST_AUTH_METHOD (each, but for the last,
# also as NAME_FILE), PGDATA, and scripts in /docker-entrypoint-initdb.d.
set -Eeuo pipefail

# Sets variable $1 from the file that $1_FILE names, else to the default $2.
from_file() {
  local name=$1 file=$1_FILE
  if [ -n "${!file:-}" ]; then
    [ -z "${!name:-}" ] || { echo "error: both $name and $file are set" >&2; exit 1; }
    printf -v "$name" '%s' "$(<"${!file}")"
  elif [ -z "${!name:-}" ]; then
    printf -v "$name" '%s' "${2:-}"
  fi
  unset "$file"
}

run_scripts() {
  local script
  # shellcheck source=/dev/null
  for script in /docker-entrypoint-initdb.d/*; do
    case $script in
      *.sh) echo "running $script"; if [ -x "$script" ]; then "$script"; else . "$script"; fi ;;
      *.sql) echo "running $script"; run_sql --dbname="$POSTGRES_DB" --file="$script" ;;
      *.sql.gz) echo "running $script"; gunzip --stdout "$script" | run_sql --dbname="$POSTGRES_DB" ;;
    esac
  done
}

run_sql() {
  PGHOST='' PGHOSTADDR='' psql --no-psqlrc --set=ON_ERROR_STOP=1 --username="$POSTGRES_USER" --no-password "$@"
}

make_cluster() {
  from_file POSTGRES_PASSWORD
  from_file POSTGRES_USER postgres
  from_file POSTGRES_DB "$POSTGRES_USER"
  from_file POSTGRES_INITDB_ARGS
  local method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
  if [ -z "$POSTGRES_PASSWORD" ] && [ "$method" != trust ]; then
    echo "error: a new database needs POSTGRES_PASSWORD (or POSTGRES_PASSWORD_FILE) for its superuser" >&2
    exit 1
  fi
  # shellcheck disable=SC2086  # several arguments in one variable
  initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") --auth-local=trust $POSTGRES_INITDB_ARGS
  printf '\nhost all all all %s\n' "$method" >>"$PGDATA/pg_hba.conf"
  printf "\nlisten_addresses = '*'\n" >>"$PGDATA/postgresql.conf"
  # Reached by nobody from outside until all is made.
  pg_ctl --pgdata="$PGDATA" --wait --options="$(printf '%q ' "$@" -c listen_addresses=)" start
  if [ "$POSTGRES_DB" != postgres ]; then
    run_sql --dbname=postgres --set=name="$POSTGRES_DB" <<<'CREATE DATABASE :"name";'
  fi
  run_scripts
  pg_ctl --pgdata="$PGDATA" --mode=fast --wait stop
}

[ "${1:0:1}" != - ] || set -- postgres "$@"
[ "$1" = postgres ] || exec "$@"

if [ "$(id --user)" = 0 ]; then
  install --directory --owner=postgres --group=postgres --mode=0700 "$PGDATA"
  install --directory --owner=postgres --group=postgres --mode=3777 /run/postgresql
  find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
  exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
fi

mkdir -p "$PGDATA"
chmod 0700 "$PGDATA"
[ -s "$PGDATA/PG_VERSION" ] || make_cluster "${@:2}"
exec "$@"
