#!/bin/sh
# Bring a backup back, in place of what is there. Stop the service before.
#
#   restore.sh /var/backups/gate /var/lib/sentiment-gate/gate.db
#   restore.sh /var/backups/gate postgresql://gate@db/gate
set -eu
umask 077
folder=$1 store=$2
case $store in
postgresql://* | postgres://*)
    # The workflows of a later time belong to runs that are gone: without them, workers take up what the run log has.
    psql --quiet --set=ON_ERROR_STOP=1 --dbname="$store" --command="DROP SCHEMA IF EXISTS dbos CASCADE"
    pg_restore --clean --if-exists --no-owner --single-transaction --dbname="$store" "$folder/gate.dump"
    ;;
*)
    sqlite3 "$folder/gate.db" "PRAGMA integrity_check" | grep -qx ok
    rm -f "$store" "$store-wal" "$store-shm" "$store-workflows" "$store-workflows-wal" "$store-workflows-shm"
    cp "$folder/gate.db" "$store"
    if [ -f "$folder/author.key" ]; then cp -p "$folder/author.key" "$(dirname "$store")/author.key"; fi
    ;;
esac
