"""The command line, ``python -m core VERB``: options in, lines or one JSON object out."""
