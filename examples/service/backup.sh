#!/bin/sh
# Back up the run log while the service runs.
#
#   backup.sh /var/lib/sentiment-gate/gate.db /var/backups/gate     # SQLite
#   backup.sh postgresql://gate@db/gate /var/backups/gate           # PostgreSQL; the password from ~/.pgpass
#
# What workers remember of their workflows is left out: they find their runs in the run log.
set -eu
umask 077
store=$1 folder=$2
mkdir -p "$folder"
case $store in
postgresql://* | postgres://*)
    pg_dump --format=custom --exclude-schema=dbos --file="$folder/gate.dump.new" "$store"
    mv "$folder/gate.dump.new" "$folder/gate.dump"
    ;;
*)
    # SQLite's own way: a plain copy of a database in use may be torn.
    rm -f "$folder/gate.db.new"
    sqlite3 "$store" ".timeout 30000" ".backup '$folder/gate.db.new'"
    mv "$folder/gate.db.new" "$folder/gate.db"
    key=$(dirname "$store")/author.key
    if [ -f "$key" ]; then cp -p "$key" "$folder/author.key"; fi
    ;;
esac
