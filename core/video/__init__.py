"""Opens and decodes videos: probe, ledger, stream, random access, sampling, shots. No metrics, no run folders."""
