"""The writes: only over what was seen, and without leaving behind what has gone."""

import pytest
from tally_operator import cluster


@pytest.mark.parametrize(
    ("old", "new", "patch"),
    [
        ({}, {}, {}),
        ({"phase": "Running"}, {"phase": "Running"}, {}),
        ({"phase": "Running"}, {"phase": "Scheduled"}, {"phase": "Scheduled"}),
        ({"remaining": 1}, {}, {"remaining": None}),
        # The last run failed with a message; the next one has none yet.
        (
            {"lastExecution": {"job": "a-1", "outcome": "failed", "message": "boom"}},
            {"lastExecution": {"job": "a-2", "outcome": "running"}},
            {"lastExecution": {"job": "a-2", "outcome": "running", "message": None}},
        ),
        ({"conditions": [{"type": "Ready"}]}, {"conditions": []}, {"conditions": []}),
    ],
)
def test_a_status_patch_takes_away_what_has_gone_at_every_depth(old: object, new: object, patch: object) -> None:
    assert cluster._merge_patch(old, new) == patch  # type: ignore[arg-type]
