"""The notes on each DAG in the UI: what, when, who cares, and what to do when it fails."""

from __future__ import annotations

TRIAGE = "### When it fails"


def source(name: str) -> str:
    """Return the notes of the DAG that loads one source."""
    return f"""
### What
Loads the source `{name}`: **extract** lands it exactly as it came, **conform** maps it onto the channel contracts,
**gate** lets good rows in and puts every bad row with all its reasons into quarantine, **hand_over** lets the
warehouse start, **verdict** ends the run red when a step failed.

### When
Every night. `conform` and `gate` run even when `extract` failed: they bring up to date whatever has landed before.

### Who cares
The owner of the source. Others go on without it; the marts say how old this source is.

{TRIAGE}
1. Open the log of the first red task. The error names the file or table, what was found and what to do.
2. `extract` red: is the system up, is the secret set, has a column changed? Mend it and clear the DAG run.
3. `conform` or `gate` red: the mapping in `sources/{name}.yml` does not fit what came. Mend it and clear the DAG run;
   nothing needs to be extracted again.
4. Many rows in quarantine is not a failure: see the page **Quarantine**.
"""


def warehouse() -> str:
    """Return the notes of the DAG that builds and publishes the marts."""
    return f"""
### What
**identify** decides who is the same customer, **transform** builds the marts with dbt, **audit** checks them with
Great Expectations, **publish** makes them the version that readers see. **past_night** lets a refresh go on; of a
backfill it runs the past night again instead, apart from what readers see, and compares it with what that night gave.

### When
When every source has handed over its load, and at the latest hour in any case, so that a source that is down holds
nobody up for ever.

### Who cares
Everybody who reads the board or the marts. Readers stay on the last complete version until the last step.

{TRIAGE}
1. Readers are safe: what was published before stays published. There is time to look.
2. `identify` or `transform` red: the log names the model or the test and the rows behind it. Clear the failed task;
   it takes up where it stopped.
3. `audit` red: the marts were refused. The page **Data Docs** shows which expectation failed. Mend the data or the
   model, then clear from `transform`.
4. `publish` red: usually the disk. Clear the task.
5. `publish_postgres` red: the files and the board are published, PostgreSQL still has the version before. Mend the
   connection and clear the task.
6. `past_night` red: the night does not give again what it gave. The log names the marts and the rows; readers are not
   concerned. `sales-warehouse nights` lists what is known of each night.
7. Published but wrong: go back one version with `sales-warehouse rollback`.
"""


def replay() -> str:
    """Return the notes of the DAG that lets corrected rows in."""
    return f"""
### What
Rows in quarantine that somebody mended, or that a mended mapping reads now: **correct** takes the sheet that the form
names, **let_in** maps and judges every load again that is concerned, **refresh_marts** starts the warehouse.

### When
By hand. Export the rows on the page **Quarantine** or with `sales-warehouse quarantine export`, mend the cells, hand
the sheet back there, or put it into `sheets` and name it in the form. Starting it twice changes nothing.

### Who cares
The owner of the source, and whoever misses the rows.

{TRIAGE}
1. `correct` red: the log names the lines of the sheet that cannot be taken; nothing of it was. Mend it and clear.
2. `let_in` red: a mapping does not fit and nothing else was let in; the log says why. Mend it and clear.
3. A source that failed beside others that did not is in the notes of `let_in`; its rows wait as they did.
4. A row that is still wrong stays in quarantine, with what is wrong now. That is no failure.
"""


def micro_batch() -> str:
    """Return the notes of the DAG that reads some sources between the nights."""
    return f"""
### What
**read_now** reads, maps and judges what is new in the sources with `micro_batch: true`; **refresh_marts** starts the
warehouse when anything was let in that the marts do not hold, else it is skipped.

### When
By `SALES_WAREHOUSE_MICRO_BATCH_CRON` (never by itself when that is not set), or by hand.

### Who cares
Whoever looks at the marts during the day: an event is there one interval and one refresh later at most.

{TRIAGE}
1. `read_now` red: a source failed and there was nothing else; the log says why. The next run tries again.
2. A source that failed beside others that did not is in the notes of `read_now`; `ingest_<source>` turns red at night.
"""


def purge() -> str:
    """Return the notes of the DAG that removes old texts."""
    return f"""
### What
**purge** removes the texts of conversations that are older than `retention` of lifecycle.yml keeps them, never those of
the first tier; **refresh_marts** starts the warehouse, which builds the marts without them. The log lists by source and
retention class what goes, what the first tier keeps, and which copies a purge does not reach.

### When
By `SALES_WAREHOUSE_PURGE_CRON` (never by itself when that is not set). By hand it only shows what would go; with
`remove` in the form it goes for good.

### Who cares
Whoever answers for personal data, and sellers who look for what a customer wrote long ago.

{TRIAGE}
1. `loads have come that the marts do not hold`, `loads have not passed the gate as it stands today`, `the marts are of
   business date …`: a customer may be in another tier by now. Let the warehouse run, then clear the task. A load that
   does not pass is told by its `ingest_<source>`; mend what that says.
2. Killed in between: the next purge or refresh goes on with it. Nothing is to be done.
3. Removed what should have stayed: the texts are gone from here. A source that still has them does not bring them back
   while their list is in `purged/`.
"""


def watch() -> str:
    """Return the notes of the DAG that sends alerts."""
    return f"""
### What
**watch** reads the alert marts of the published version and sends one message for each new incident.

### When
After each publish.

### Who cares
The owners of the alert rules and whoever receives the messages.

{TRIAGE}
1. The marts are published already; only messages are late.
2. The log names the carrier that refused. Mend its configuration or wait until it is up.
3. Clear the task: what was sent is not sent again.
"""


def required_actions() -> str:
    """Return the notes of the DAG that asks people."""
    return f"""
### What
**undecided** looks for open incidents of the severities that `required_actions` of alerts.yml names and that nobody has
answered; **ask** starts one run of `respond` for each. **settled** looks for questions that wait though their incident
is over, was answered elsewhere or is asked about again; **withdraw** clears their runs, which takes them off the list
with a note why.

### When
After each watch, and every hour.

### Who cares
Whoever answers for the figures: the questions are under **Required Actions**.

{TRIAGE}
1. Nothing is lost: an incident that was not asked about is found by the next run.
2. Skipped is not a failure: no incident waits for a person, or no question is to be withdrawn.
"""


def respond() -> str:
    """Return the notes of the DAG that waits for one answer."""
    return f"""
### What
**ask** is a Required Action: accept a playbook, assign, snooze or reject, with a note; **record** keeps the answer with
who gave it and when. One run is one incident. A question that nobody need answer any more is skipped; why
is in its log and its XCom `withdrawn`.

### When
When `required_actions` finds an incident. Not by hand: a run needs the incident in its conf.

### Who cares
The owner of the alert rule.

{TRIAGE}
1. `record` red: the log says what the answer lacks. Clear `ask` and answer again.
2. Nobody answers for a month: the incident is left open. The page **Incidents** can still decide it.
"""
