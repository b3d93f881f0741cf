# The team set-up's image: the locked environment, the DAGs and the package, run by a user without rights.
FROM python:3.11-slim-bookworm

RUN useradd --uid 50000 --gid 0 --create-home warehouse \
    && install -d -o warehouse -g 0 /app /app/var /app/logs /app/airflow

USER warehouse
WORKDIR /app
COPY --chown=warehouse:0 . .

# The same set-up as on one machine, and the login manager for a team beside it.
RUN ./scripts/setup python3.11 .venv requirements.lock \
    && .venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes --compile-bytecode \
       -r docker/requirements.lock

ENV PATH=/app/.venv/bin:$PATH \
    AIRFLOW_HOME=/app/airflow \
    SALES_WAREHOUSE_VAR=/app/var \
    PYTHONUNBUFFERED=1
