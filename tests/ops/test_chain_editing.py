"""Whatever is done to a chain's steps, jumps lead where they led."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jwt_pizza.kernel.errors import Invalid
from jwt_pizza.ops.chains import editing
from jwt_pizza.ops.chains.model import AnyStep, GoToStep, Wait

Steps = tuple[AnyStep, ...]


@st.composite
def chains(draw: st.DrawFn) -> Steps:
    """Waits that can be told apart, and jumps among them."""
    count = draw(st.integers(2, 8))
    jumps = draw(st.sets(st.integers(0, count - 1), max_size=count))
    return tuple(
        GoToStep(step=draw(st.integers(0, count - 1)), times=place + 1) if place in jumps else Wait(seconds=place)
        for place in range(count)
    )


def known(step: AnyStep) -> object:
    """Which of the steps it is, wherever it has gone."""
    return step.seconds if isinstance(step, Wait) else ("jump", step.times if isinstance(step, GoToStep) else None)


def leads(steps: Steps) -> Mapping[object, object]:
    return {known(step): known(steps[step.step]) for step in steps if isinstance(step, GoToStep)}


@given(chains(), st.data())
def test_jumps_lead_to_the_same_step_after_one_was_put_in(steps: Steps, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(steps)))
    after = editing.inserted(steps, Wait(seconds=1000), place)
    assert known(after[place]) == 1000
    assert [known(step) for step in after if known(step) != 1000] == [known(step) for step in steps]
    assert leads(after) == leads(steps)


@given(chains(), st.data())
def test_a_new_jump_leads_to_what_people_saw_there(steps: Steps, data: st.DataObject) -> None:
    place, to = data.draw(st.integers(0, len(steps))), data.draw(st.integers(0, len(steps) - 1))
    after = editing.inserted(steps, GoToStep(step=to, times=1000), place)
    assert leads(after)["jump", 1000] == known(steps[to])


@given(chains(), st.data())
def test_jumps_lead_to_the_same_step_after_two_changed_places(steps: Steps, data: st.DataObject) -> None:
    place = data.draw(st.integers(1, len(steps) - 1))
    after = editing.raised(steps, place)
    assert known(after[place - 1]) == known(steps[place])
    assert sorted(map(str, map(known, after))) == sorted(map(str, map(known, steps)))
    assert leads(after) == leads(steps)


@given(chains(), st.data())
def test_jumps_to_a_step_that_is_gone_lead_to_the_one_that_followed(steps: Steps, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(steps) - 1))
    gone = known(steps[place])
    instead = known(steps[place + 1] if place + 1 < len(steps) else steps[place - 1])
    after = editing.removed(steps, place)
    assert [known(step) for step in after] == [known(step) for step in steps if known(step) != gone]
    assert leads(after) == {jump: instead if to == gone else to for jump, to in leads(steps).items() if jump != gone}


def test_what_is_not_there_is_refused() -> None:
    steps: Steps = (Wait(), GoToStep(step=0))
    for edit in (
        lambda: editing.inserted(steps, Wait(), 3),
        lambda: editing.replaced(steps, Wait(), 2),
        lambda: editing.removed(steps, 2),
        lambda: editing.raised(steps, 2),
        lambda: editing.raised(steps, 0),
    ):
        with pytest.raises(Invalid):
            edit()
