"""The DAGs: one for each source of the company, the warehouse, the alerts, corrected rows, reading by day, a purge."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Asset, Param, TriggerRule, chain

from sales_warehouse.airflow import answers, assets, policy, runbook, schedule, tasks
from sales_warehouse.airflow.operators import AskOperator, GoOnOperator, StepOperator
from sales_warehouse.airflow.policy import Tag

FIRST_DAY = datetime(2020, 1, 1, tzinfo=UTC)

INGEST_PREFIX = "ingest_"
WAREHOUSE = "warehouse"
WATCH = "watch"
REPLAY = "replay"
MICRO_BATCH = "micro_batch"
PURGE = "purge"
REQUIRED_ACTIONS = "required_actions"
RESPOND = "respond"
ASK = "ask"  # the task of it that waits

SCHEDULER_ONLY = (MICRO_BATCH, REQUIRED_ACTIONS)  # what a refresh without a scheduler leaves out
MOST_OPEN_QUESTIONS = 256


def ingest_dags(sources: list[str]) -> dict[str, DAG]:
    """Return the DAG of each source, by its id."""
    dags = [ingest_dag(source) for source in sources]
    return {dag.dag_id: dag for dag in dags}


def ingest_dag(source: str) -> DAG:
    """Build `ingest_<source>`: extract → conform → gate → hand_over → verdict.

    Everything after extract runs whatever became of the task before it: catching up needs no fresh load, and the
    warehouse must not wait for a source that is down. The verdict, the only leaf, turns the run red all the same.
    """
    with _dag(
        f"{INGEST_PREFIX}{source}",
        schedule=schedule.nightly(),
        doc_md=runbook.source(source),
        tags=[Tag.SOURCE],
        default_args=policy.task_defaults(policy.SOURCES_POOL, timedelta(hours=2)),
    ) as dag:
        landing, conformed, accepted = assets.landing(source), assets.conformed(source), assets.accepted(source)
        always = TriggerRule.ALL_DONE
        chain(
            _step("extract", source, outlets=[landing]),
            _step("conform", source, inlets=[landing], outlets=[conformed], trigger_rule=always),
            _step("gate", source, inlets=[conformed], trigger_rule=always),
            _task(tasks.hand_over, source, outlets=[accepted], trigger_rule=always),
            _task(tasks.verdict, source, retries=0, trigger_rule=always),
        )
    return dag


def warehouse_dag(sources: list[str]) -> DAG:
    """Build `warehouse`: identify → transform → audit → publish, each only after the one before; then PostgreSQL.

    `past_night` stands before them: it answers a backfill, for which nothing behind it runs.
    """
    accepted = [assets.accepted(source) for source in sources]
    with _dag(
        WAREHOUSE,
        schedule=schedule.accepted_or_late(accepted) if accepted else None,
        doc_md=runbook.warehouse(),
        tags=[Tag.WAREHOUSE],
        default_args=policy.task_defaults(policy.WAREHOUSE_POOL, timedelta(hours=4)),
    ) as dag:
        chain(
            GoOnOperator(task_id="past_night", python_callable=tasks.past_night, retries=1),
            _step("identify", inlets=accepted, outlets=[assets.IDENTITY]),
            _step("transform", inlets=[*accepted, assets.IDENTITY], outlets=[assets.MARTS], retries=1),  # the long one
            _step("audit", inlets=[assets.MARTS], outlets=[assets.AUDITED]),
            _step("publish", inlets=[assets.AUDITED], outlets=[assets.PUBLISHED]),
            _step("publish_postgres", inlets=[assets.PUBLISHED], outlets=[assets.IN_POSTGRES]),
        )
    return dag


def replay_dag() -> DAG:
    """Build `replay`: correct → let_in → refresh_marts; started by hand, with a form."""
    with _dag(
        REPLAY,
        schedule=None,
        doc_md=runbook.replay(),
        tags=[Tag.SOURCE],
        default_args=policy.task_defaults(policy.SOURCES_POOL, timedelta(hours=2)),
        more=_sheet_params(),
    ) as dag:
        chain(
            StepOperator(task_id="correct", python_callable=tasks.correct, retries=1),
            StepOperator(task_id="let_in", python_callable=tasks.let_in),
            TriggerDagRunOperator(task_id="refresh_marts", trigger_dag_id=WAREHOUSE),
        )
    return dag


def micro_batch_dag() -> DAG:
    """Build `micro_batch`: read_now → refresh_marts, between the nights; without news the marts are left alone."""
    with _dag(
        MICRO_BATCH,
        schedule=schedule.micro_batch(),
        doc_md=runbook.micro_batch(),
        tags=[Tag.SOURCE],
        default_args=policy.task_defaults(policy.SOURCES_POOL, timedelta(hours=1)),
    ) as dag:
        chain(
            StepOperator(task_id="read_now", python_callable=tasks.read_now),
            TriggerDagRunOperator(task_id="refresh_marts", trigger_dag_id=WAREHOUSE),
        )
    return dag


def purge_dag() -> DAG:
    """Build `purge`: purge → refresh_marts. By hand it only shows what would go, unless the form says otherwise."""
    by_clock = schedule.purge()
    with _dag(
        PURGE,
        schedule=by_clock,
        doc_md=runbook.purge(),
        tags=[Tag.WAREHOUSE],
        default_args=policy.task_defaults(policy.WAREHOUSE_POOL, timedelta(hours=2)),
        more={
            "remove": Param(
                by_clock is not None,
                type="boolean",
                title="Remove",
                description="Remove the texts for good; else they are only counted, in the log.",
            )
        },
    ) as dag:
        chain(
            StepOperator(task_id="purge", python_callable=tasks.purge),
            TriggerDagRunOperator(task_id="refresh_marts", trigger_dag_id=WAREHOUSE),
        )
    return dag


def watch_dag() -> DAG:
    """Build `watch`: alerts of what has just been published."""
    with _dag(
        WATCH,
        schedule=[assets.PUBLISHED],
        doc_md=runbook.watch(),
        tags=[Tag.ALERTS],
        default_args=policy.task_defaults(policy.WAREHOUSE_POOL, timedelta(minutes=30)),
    ) as dag:
        _step("watch", inlets=[assets.PUBLISHED], outlets=[assets.ALERTS])
    return dag


def required_actions_dag() -> DAG:
    """Build `required_actions`: undecided → ask, which starts a run of `respond` for each incident that waits, and
    settled → withdraw, which clears the runs whose question nobody need answer any more.
    """
    with _dag(
        REQUIRED_ACTIONS,
        schedule=schedule.required_actions(assets.ALERTS),
        doc_md=runbook.required_actions(),
        tags=[Tag.ALERTS],
        default_args=policy.task_defaults(policy.SOURCES_POOL, timedelta(minutes=30)),
    ) as dag:
        undecided = StepOperator(task_id="undecided", python_callable=tasks.undecided)
        # The run's name is the incident's, so nobody is asked twice.
        TriggerDagRunOperator.partial(
            task_id="ask", trigger_dag_id=RESPOND, skip_when_already_exists=True
        ).expand_kwargs(undecided.output)
        settled = StepOperator(
            task_id="settled", python_callable=tasks.settled, op_kwargs={"dag_id": RESPOND, "task_id": ASK}
        )
        TriggerDagRunOperator.partial(task_id="withdraw", trigger_dag_id=RESPOND, reset_dag_run=True).expand_kwargs(
            settled.output
        )
    return dag


def respond_dag() -> DAG:
    """Build `respond`: ask → record, one run for each incident. `ask` is a Required Action, and waits for a person
    while somebody has to answer.
    """
    with _dag(
        RESPOND,
        schedule=None,
        doc_md=runbook.respond(),
        tags=[Tag.ALERTS],
        default_args=policy.task_defaults(policy.SOURCES_POOL, timedelta(minutes=30)),
        max_active_runs=MOST_OPEN_QUESTIONS,
    ) as dag:
        ask = AskOperator(
            task_id=ASK,
            withdrawal=tasks.withdrawal,
            subject="{{ dag_run.conf['subject'] }}",
            body="{{ dag_run.conf['body'] }}",
            options=list(answers.OPTIONS),
            defaults=answers.LEAVE_OPEN,
            params=answers.form(),
            response_timeout=answers.PATIENCE,
            # an answer within a second, before the executor has said that the task is parked, is lost: ask again
            retries=10,
            retry_delay=timedelta(seconds=10),
        )
        ask >> StepOperator(task_id="record", python_callable=tasks.record, op_kwargs={"answer": ask.output})
    return dag


def _dag(dag_id: str, *, more: dict[str, Param] | None = None, max_active_runs: int = 1, **options: Any) -> DAG:
    params = {**(more or {}), **_params()}
    return DAG(dag_id, start_date=FIRST_DAY, catchup=False, max_active_runs=max_active_runs, params=params, **options)


def _sheet_params() -> dict[str, Param]:
    return {
        "sheet": Param(
            None,
            type=["null", "string"],
            title="Sheet",
            description="A mended sheet in the folder `sheets` of the company's state, by its name; empty: only what "
            "was handed back before, or what a mended mapping lets in.",
        ),
        "why": Param(
            None,
            type=["null", "string"],
            title="Why",
            description="Why the new values are right. It is kept with them.",
        ),
    }


def _params() -> dict[str, Param]:
    return {
        "business_date": Param(
            None,
            type=["null", "string"],
            format="date",
            title="Business date",
            description="The day that the refresh reports; empty: the last full day at the as-of moment.",
        ),
        "as_of": Param(
            None,
            type=["null", "string"],
            format="date-time",
            title="As of",
            description="What is known at this moment counts; empty: the time of the run.",
        ),
        "full_refresh": Param(
            False, type="boolean", title="Full refresh", description="Build the marts from the whole history."
        ),
        "run_id": Param(
            None, type=["null", "string"], title="Refresh", description="Continue this refresh; empty: a new one."
        ),
    }


def _step(step: str, source: str | None = None, **options: Any) -> StepOperator:
    return StepOperator(
        task_id=step, python_callable=tasks.run_step, op_kwargs={"step": step, "source": source}, **options
    )


def _task(function: Any, source: str, *, outlets: list[Asset] | None = None, **options: Any) -> StepOperator:
    return StepOperator(
        task_id=function.__name__,
        python_callable=function,
        op_kwargs={"source": source},
        outlets=outlets or [],
        **options,
    )
