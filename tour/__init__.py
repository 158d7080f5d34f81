"""The tour: the real page in a real browser through every state worth seeing, as pictures and contact sheets.

``python -m tour`` (or ``make tour``); states are data in ``states_*.py``, what a person does is in ``hands.py``.
"""
