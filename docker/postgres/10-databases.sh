#!/bin/sh
# Run once by the postgres image, when its volume is empty: a database and an owner for each part, and a login for BI.
set -eu
secrets=${SECRETS:-/run/secrets}

for part in airflow marts superset; do
    psql --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
        --set part="$part" --set password="$(cat "$secrets/${part}_database_password")" <<'SQL'
CREATE ROLE :"part" LOGIN PASSWORD :'password';
CREATE DATABASE :"part" OWNER :"part";
REVOKE CONNECT ON DATABASE :"part" FROM PUBLIC;
SQL
done

# The publisher has to see how old the snapshots of readers are. BI tools log in as `bi`, which only reads the views.
psql --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
    --set password="$(cat "$secrets/bi_password")" <<'SQL'
GRANT pg_read_all_stats TO marts;
CREATE ROLE sales_reader NOLOGIN;
CREATE ROLE bi LOGIN PASSWORD :'password' IN ROLE sales_reader;
GRANT CONNECT ON DATABASE marts TO sales_reader;
ALTER ROLE bi SET default_transaction_read_only = on;
ALTER ROLE bi SET search_path = sales;
SQL
