"""Chances of the pipeline of deals, worked back from what has to be seen in the end.

What is planted is a share of what leaves a stage, or how much more often readers win. What is drawn is whether a deal
is lost in a stage, once for each. Between the two stand the deals that step back, those that come back after they were
lost, and that readers are a part of those whose stage is planted: so the chances are solved for, not guessed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from sales_warehouse.company.situations import STAGES, Situations
from sales_warehouse.demo.words import Words

USUAL_LOSSES = (0.14, 0.30, 0.22, 0.18, 0.03)  # of the deals that reach a stage
STEPS_BACK = 0.06  # from the third stage to the second one, once
REOPENS, WINS_BACK = 0.05, 0.02  # of the lost deals; those who win back are some of those who come back
KEEN = 0.3  # of the people of deals; they read three to five white papers before the end, the others none to two


class OutOfReach(ValueError):
    """What is planted together cannot be: there is no chance between 0 and 1 that shows it."""


@dataclass(frozen=True)
class Losses:
    """The chance to be lost in each stage, of those who read white papers often and of the others."""

    readers: tuple[float, ...]
    others: tuple[float, ...]


def stage_losses(situations: Situations, words: Words) -> Losses:
    """Return the chances that show what is planted, and leave every other stage's share of losses as it was.

    Readers survive each stage with the others' probability to a power, the same for all stages, so that they win more.
    """
    over_all = [_loss_shown_as(situations, words, number) for number in range(len(STAGES))]
    papers = situations.white_papers
    if papers is None:
        return Losses(tuple(over_all), tuple(over_all))
    share = often_share(papers.clicks)
    if not 0 < share < 1:
        raise OutOfReach(f"white_papers.clicks: {papers.clicks} tells nobody apart; the people of deals read 0 to 5")

    def lift(power: float) -> float:
        losses = _split(over_all, share, power)
        return _win_rate(losses.readers) / _win_rate(losses.others) - 1 - papers.lift

    found = _split(over_all, share, _root(lift, 0.1, 10.0))
    shown = _win_rate(found.readers) / _win_rate(found.others) - 1
    if abs(shown - papers.lift) > 0.001 or max(found.readers + found.others) > 0.999:
        raise OutOfReach(
            f"white_papers.lift: {papers.lift} cannot be with the losses of the stages; choose another one"
        )
    return found


def often_share(clicks: int) -> float:
    """Return the share of deals whose people click at least so many white papers before the end."""
    keen = sum(count >= clicks for count in (3, 4, 5)) / 3
    rest = sum(count >= clicks for count in (0, 1, 2)) / 3
    return KEEN * keen + (1 - KEEN) * rest


def variables(situations: Situations, words: Words) -> Mapping[str, object]:
    """Return what the scripts draw with, by variable."""
    losses = stage_losses(situations, words)
    return {
        "reader_losses": list(losses.readers),
        "other_losses": list(losses.others),
        "often_clicks": situations.white_papers.clicks if situations.white_papers else 3,
        # who would have won is lost in a stage that has no share of its own to show
        "spoiled_in": 5 if _is_planted(situations, words, 3) else 4,
        "steps_back": STEPS_BACK,
        "reopens": REOPENS,
        "wins_back": WINS_BACK,
        "keen": KEEN,
    }


def _is_planted(situations: Situations, words: Words, number: int) -> bool:
    planted = situations.stage_loss
    return planted is not None and words.cell(planted.stage) == words.cell(STAGES[number])


def _loss_shown_as(situations: Situations, words: Words, number: int) -> float:
    """Return the chance to be lost in a stage; a planted one shows as its share of what leaves the stage for good.

    Of n deals in the stage n·p are lost, of whom some come back and leave it forwards; who survives the second stage
    and steps back leaves it forwards twice.
    """
    planted = situations.stage_loss
    if planted is None or not _is_planted(situations, words, number):
        return USUAL_LOSSES[number]
    twice = STEPS_BACK if number == 1 else 0.0
    chance = (1 + twice) * planted.rate / (1 - WINS_BACK + twice * planted.rate)
    if chance >= 1:
        raise OutOfReach(f"stage_loss.rate: {planted.rate} is too much; some of the lost come back and win")
    return chance


def _split(over_all: list[float], share: float, power: float) -> Losses:
    readers: list[float] = []
    others: list[float] = []
    reading, not_reading = share, 1 - share
    for loss in over_all:
        part = reading / (reading + not_reading) if reading + not_reading > 0 else share

        def excess(other: float, part: float = part, loss: float = loss) -> float:
            return loss - part * (1 - (1 - other) ** power) - (1 - part) * other

        other = _root(excess, 0.0, 1.0)
        reader = 1 - (1 - other) ** power
        readers.append(reader)
        others.append(other)
        reading, not_reading = reading * (1 - reader), not_reading * (1 - other)
    return Losses(tuple(readers), tuple(others))


def _win_rate(losses: tuple[float, ...]) -> float:
    straight = math.prod(1 - loss for loss in losses)
    return straight + WINS_BACK * (1 - straight)


def _root(falling: Callable[[float], float], low: float, high: float) -> float:
    """Bisect a falling function."""
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if falling(middle) > 0 else (low, middle)
    return (low + high) / 2
