"""The list of situations for people: what is on, with which parameters, and what has to be found."""

from __future__ import annotations

from rich.console import Console

from sales_warehouse.company.models import DemoFile
from sales_warehouse.company.situations import Situation, Situations

WORDS = {"en": ("parameters", "answer"), "zh": ("参数", "已知答案")}


def show_situations(demo: DemoFile | None, language: str, console: Console) -> None:
    """Print every situation; parameters are those of the company, or the defaults of what is off."""
    active = dict(demo.situations.active()) if demo else {}
    is_chinese = language == "zh"
    parameters, answer = WORDS["zh" if is_chinese else "en"]
    for name, situation in _all().items():
        told = active.get(name, situation)
        mark = "[green]●[/green]" if name in active else "○"
        console.print(
            f"{mark} [bold]{name}[/bold]  {told.says.zh if is_chinese else told.says.en}  {' '.join(told.shows)}"
        )
        if given := _pairs(dict(told)):
            console.print(f"    {parameters}: {given}", highlight=False)
        console.print(f"    {answer}: {_pairs(dict(told.answer()))}", highlight=False)


def _all() -> dict[str, Situation]:
    return dict(Situations.model_validate(dict.fromkeys(Situations.model_fields)).active())


def _pairs(values: dict[str, object]) -> str:
    return ", ".join(
        f"{key}: {value:g}" if isinstance(value, float) else f"{key}: {value}" for key, value in values.items()
    )
