"""What the browser is told of columns."""

from __future__ import annotations

from core.settings.columns import FILTERABLE
from core.ui.columns import FOLDS


def test_each_folded_column_is_a_column_in_one_fold() -> None:
    folded = [name for columns in FOLDS.values() for name in columns]
    assert len(set(folded)) == len(folded)
    assert set(folded) <= set(FILTERABLE)
