"""The faces of a run: read, compared with reference photos, grouped, cut out."""
