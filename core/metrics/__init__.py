"""Arithmetic on pixels: quality metrics and perceptual hash. No files, no video."""
