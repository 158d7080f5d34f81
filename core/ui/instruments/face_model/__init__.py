"""What is known of the face model that is chosen: whether it is here, where it runs, what it costs; its download."""

from __future__ import annotations

from core.ui.instruments import Instrument


class FaceModelStatus(Instrument):
    """Signals, the first for a drop-down.

    ``packs`` when it is known which models are here; then ``choices()`` is what is offered. ``judged`` when it is known
    whether the model fits (``verdict()``: ``[true]``, ``[false]`` or, not known, ``[null]``). ``looked`` after
    ``judge(model)``; then ``finding()`` is ``[model, fits]``. ``hold()`` while a model is being named.
    Other methods: ``show(faces, face_filter, model, device, confidence)``, ``describe(frames)``, ``answered(answer)``.
    """

    folder = "face_model"
    signals = ("packs", "judged", "looked")
