"""The verbs: each a generator (or a function) that joins the rooms. No widgets, no argv."""
