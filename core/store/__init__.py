"""Names, reads and writes the files of a run. No pixels, no video."""
