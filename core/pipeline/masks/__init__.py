"""Subject masks: shots, what people pointed at, propagation, trust, identity, metrics, exports."""
