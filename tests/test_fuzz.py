"""A hundred hostile calls; `python tests/fuzz.py` makes a thousand."""

import fuzz
import pytest


@pytest.mark.slow
@pytest.mark.parametrize("tens", range(10))
def test_no_hostile_call_breaks_a_promise(tens):
    for number in range(10 * tens, 10 * tens + 10):
        fuzz.call(0, number)
