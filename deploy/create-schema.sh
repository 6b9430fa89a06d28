#!/bin/sh
# Creates both databases of the Temporal server, or brings them up to date. Safe to run again.
# SQL_HOST, SQL_PORT, SQL_PASSWORD: where PostgreSQL is; SCHEMA_FOLDER: Temporal's schema for it.
set -eu

sql() {
  database=$1
  shift
  temporal-sql-tool --plugin postgres12 --ep "${SQL_HOST:-postgresql}" -p "${SQL_PORT:-5432}" -u temporal \
    --db "$database" "$@"
}

for pair in temporal:temporal temporal_visibility:visibility; do
  database=${pair%%:*}
  schema=${SCHEMA_FOLDER:-/etc/temporal/schema/postgresql/v12}/${pair##*:}/versioned
  sql "$database" create
  # Fails when the schema is there already; the update decides whether all is well.
  sql "$database" setup-schema -v 0.0 || true
  sql "$database" update-schema -d "$schema"
done
