#!/bin/sh
# Back up the run log while the service runs.
#
#   backup.sh /var/lib/sentiment-gate/gate.db /var/backups/gate     # SQLite
#   backup.sh postgresql://gate@db/gate /var/backups/gate           # PostgreSQL; the password from ~/.pgpass
#
# What workers remember of their workflows is left out: they find their runs in the run log.
set -eu
umask 077
store=${1:?the run log: a file, or an address of PostgreSQL} folder=${2:?the folder to write to}
case $store in
postgresql://* | postgres://*)
    mkdir -p "$folder"
    pg_dump --format=custom --exclude-schema=dbos --file="$folder/gate.dump.new" "$store"
    mv "$folder/gate.dump.new" "$folder/gate.dump"
    ;;
*)
    # sqlite3 would make an empty one.
    if [ ! -f "$store" ]; then echo "backup.sh: there is no run log $store" >&2 && exit 1; fi
    # SQLite's own way: a plain copy of a database in use may be torn.
    mkdir -p "$folder"
    rm -f "$folder/gate.db.new"
    sqlite3 "$store" ".timeout 30000" ".backup '$folder/gate.db.new'"
    mv "$folder/gate.db.new" "$folder/gate.db"
    key=$(dirname "$store")/author.key
    if [ -f "$key" ]; then cp -p "$key" "$folder/author.key"; fi
    ;;
esac
