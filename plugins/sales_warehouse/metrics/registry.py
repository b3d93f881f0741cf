"""What each metric is: registry.yml, checked, and with what a company's metrics.yml changes in it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from sales_warehouse.company.base import Label, Model
from sales_warehouse.company.lifecycle import Name
from sales_warehouse.metrics.facts import Fact, Semantic, wrong_measure

REGISTRY = Path(__file__).with_name("registry.yml")
CORE = 23

Grain = Literal["day", "week", "month", "quarter", "all"]
# `entity.column`, or several of which one is enough: `calls.started_at|visits.started_at`.
Need = Annotated[str, StringConstraints(pattern=r"^[a-z_]+\.[a-z_]+(\|[a-z_]+\.[a-z_]+)*$")]
Band = Annotated[tuple[float, float], Field(description="from and to, both good")]


class Metric(Model):
    """One metric: what it says, in which periods and cuts, which way is good, and what it needs."""

    id: Name
    number: int | None = Field(default=None, ge=1, le=CORE, description="of the core metrics; others have none")
    name: Label
    formula: Label
    grains: tuple[Grain, ...] = Field(min_length=1)
    dimensions: tuple[Name, ...] = ()
    by_month: tuple[Name, ...] = Field(default=(), description="dimensions of months and quarters alone, without gaps")
    unit: Literal["count", "rate", "hour", "day", "money", "ratio"]
    most: float | None = Field(default=None, gt=0, description="no figure is above it")
    direction: Literal["up", "down", "band"]
    aggregation: Literal["sum", "ratio", "distinct", "average", "median", "latest"]
    decomposition: Literal["additive", "ratio", "mean", "quantile", "none"]
    band: Band | None = None
    owner: Label = Field(description="the department that answers for it")
    cohort: bool = Field(default=False, description="a period follows what began in it")
    matures_after_days: int = Field(default=0, ge=0)
    board: bool = False
    semantic: Semantic
    needs: tuple[Need, ...] = ()

    @property
    def is_share(self) -> bool:
        """Whether it is never below 0 or above 1; the macro is_share says the same."""
        return self.unit == "rate" and self.most == 1

    @model_validator(mode="after")
    def _whole(self) -> Metric:
        if self.band and (self.direction != "band" or self.band[0] >= self.band[1]):
            raise ValueError("a band is two rising numbers of a metric whose direction is band")
        return self


class Analysis(Model):
    """What a mart says beside the metrics, and what it needs: without it the mart does not say it."""

    id: Name
    mart: Name
    name: Label
    needs: tuple[Need, ...] = Field(min_length=1)


class RegistryFile(Model):
    """registry.yml: every metric and analysis once, and the facts that the semantic layer measures metrics on."""

    metrics: tuple[Metric, ...] = Field(min_length=1)
    analyses: tuple[Analysis, ...] = ()
    facts: tuple[Fact, ...] = ()

    @model_validator(mode="after")
    def _once(self) -> RegistryFile:
        names = [metric.id for metric in self.metrics]
        numbers = [str(metric.number) for metric in self.metrics if metric.number]
        analyses = [analysis.id for analysis in self.analyses]
        for what, listed in (
            ("metrics have the id", names), ("metrics have the number", numbers), ("analyses have the id", analyses),
        ):  # fmt: skip
            twice = sorted({item for item in listed if listed.count(item) > 1})
            if twice:
                raise ValueError(f"two {what} {', '.join(twice)}")
        return self

    @model_validator(mode="after")
    def _measurable(self) -> RegistryFile:
        facts, names = {fact.id: fact for fact in self.facts}, {metric.id for metric in self.metrics}
        for metric in self.metrics:
            for end, measure in metric.semantic.measures.items():
                more = () if end == "" and metric.semantic.added else metric.by_month
                if wrong := wrong_measure(measure, (*metric.dimensions, *more), facts):
                    raise ValueError(f"{metric.id}: {wrong}")
            other = metric.semantic.numerator
            if isinstance(other, str) and other not in names:
                raise ValueError(f"{metric.id}: there is no metric {other}")
        return self


class MetricChange(Model):
    """What a company says of a metric that is in the registry."""

    id: Name
    owner: Label | None = None
    board: bool | None = None
    band: Band | None = None


class MetricsFile(Model):
    """metrics.yml: owners, the board and bands of this company; everything else is the registry's."""

    metrics: tuple[MetricChange, ...] = ()


@cache
def registry(file: Path = REGISTRY) -> Mapping[str, Metric]:
    """Return the metrics by id, in the order of the file; raises CompanyError with file and line for a mistake."""
    return {metric.id: metric for metric in _read(file).metrics}


@cache
def analyses(file: Path = REGISTRY) -> tuple[Analysis, ...]:
    """Return what marts say beside the metrics, in the order of the file; raises CompanyError like `registry`."""
    return _read(file).analyses


@cache
def facts(file: Path = REGISTRY) -> Mapping[str, Fact]:
    """Return the facts of the semantic layer by id; raises CompanyError like `registry`."""
    return {fact.id: fact for fact in _read(file).facts}


@cache
def _read(file: Path) -> RegistryFile:
    from sales_warehouse.company.load import load_file  # reads the models of a company, of which this is one

    return load_file(file, RegistryFile)


def absent_because(metric: Metric | Analysis, mapped: Iterable[str]) -> tuple[str, ...]:
    """Return the needs of a metric or an analysis that no source meets; `mapped` are filled columns."""
    filled = set(mapped)
    return tuple(need for need in metric.needs if not filled.intersection(need.split("|")))


def in_words(need: str) -> str:
    """Return a need as people read it: `calls.started_at / visits.started_at`."""
    return need.replace("|", " / ")


def metrics_of(changes: MetricsFile) -> dict[str, Metric]:
    """Return the registry with what a company changes in it, by id."""
    by_id = {change.id: change for change in changes.metrics}
    return {name: _changed(metric, by_id[name]) if name in by_id else metric for name, metric in registry().items()}


def filled_columns(sources: Iterable[Any]) -> frozenset[str]:
    """Return the columns of the channel contracts that any of the sources fills, as `entity.column`."""
    return frozenset(
        f"{mapping.entity}.{column}" for source in sources for mapping in source.mappings for column in mapping.columns
    )


def metric_rows(
    changes: MetricsFile, filled: Iterable[str], matures: Mapping[str, int] | None = None
) -> Iterator[tuple]:
    """Yield the rows of the settings table `metrics`: the registry with a company's changes and what it lacks.

    `matures` has the days until metrics are mature that depend on other settings of the company.
    """
    columns, days = frozenset(filled), matures or {}
    for place, metric in enumerate(metrics_of(changes).values(), 1):
        absent = [in_words(need) for need in absent_because(metric, columns)]
        yield (
            metric.id, metric.number, place, metric.name.en, metric.name.zh, metric.formula.en, metric.formula.zh,
            ", ".join(metric.grains), ", ".join(("total", *metric.dimensions, *metric.by_month)), metric.unit,
            metric.direction,
            *(metric.band or (None, None)), metric.aggregation, metric.decomposition, metric.owner.en, metric.owner.zh,
            metric.cohort, days.get(metric.id, metric.matures_after_days), metric.board,
            *_reasons(absent),
        )  # fmt: skip


def analysis_rows(filled: Iterable[str]) -> Iterator[tuple]:
    """Yield the rows of the settings table `analyses`: what marts say beside the metrics, and what it lacks."""
    columns = frozenset(filled)
    for place, analysis in enumerate(analyses(), 1):
        absent = [in_words(need) for need in absent_because(analysis, columns)]
        yield analysis.id, place, analysis.mart, analysis.name.en, analysis.name.zh, *_reasons(absent)


def _reasons(absent: list[str]) -> tuple[str | None, str | None]:
    if not absent:
        return None, None
    return f"no source maps {', '.join(absent)}", f"没有数据源映射 {'、'.join(absent)}"


def wrong_changes(file: MetricsFile) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield the place and the text of each change that the registry does not allow."""
    from sales_warehouse.company.load import suggestion

    changed: set[str] = set()
    for place, change in enumerate(file.metrics):
        metric = registry().get(change.id)
        if change.id in changed:
            yield ("metrics", place, "id"), f"{change.id!r} is there twice; make one of the two"
        changed.add(change.id)
        if metric is None:
            yield ("metrics", place, "id"), f"unknown metric{suggestion(change.id, registry())}"
        elif change.band and metric.direction != "band":
            text = f"{change.id} is {'higher' if metric.direction == 'up' else 'lower'}-is-better and has no band"
            yield ("metrics", place, "band"), text
        elif change.band and change.band[0] >= change.band[1]:
            yield ("metrics", place, "band"), "a band is two rising numbers"


def _changed(metric: Metric, change: MetricChange) -> Metric:
    given = change.model_dump(exclude_none=True, exclude={"id", "owner"})
    return metric.model_copy(update=given | ({"owner": change.owner} if change.owner else {}))
