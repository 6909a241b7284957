#!/bin/sh
# Bring a backup back, in place of what is there. Stop the service before.
#
#   restore.sh /var/backups/gate /var/lib/sentiment-gate/gate.db
#   restore.sh /var/backups/gate postgresql://gate@db/gate
set -eu
umask 077
folder=${1:?the folder of the backup} store=${2:?the run log: a file, or an address of PostgreSQL}
case $store in
postgresql://* | postgres://*)
    if [ ! -f "$folder/gate.dump" ]; then echo "restore.sh: there is no backup $folder/gate.dump" >&2 && exit 1; fi
    # The workflows of a later time belong to runs that are gone: without them, workers take up what the run log has.
    psql --quiet --set=ON_ERROR_STOP=1 --dbname="$store" --command="DROP SCHEMA IF EXISTS dbos CASCADE"
    pg_restore --clean --if-exists --no-owner --single-transaction --dbname="$store" "$folder/gate.dump"
    ;;
*)
    # sqlite3 would make an empty one, and it would take the place of the run log.
    if [ ! -s "$folder/gate.db" ]; then echo "restore.sh: there is no backup $folder/gate.db" >&2 && exit 1; fi
    sqlite3 "$folder/gate.db" "PRAGMA integrity_check" | grep -qx ok
    rm -f "$store" "$store-wal" "$store-shm" "$store-workflows" "$store-workflows-wal" "$store-workflows-shm"
    cp "$folder/gate.db" "$store"
    if [ -f "$folder/author.key" ]; then cp -p "$folder/author.key" "$(dirname "$store")/author.key"; fi
    ;;
esac
