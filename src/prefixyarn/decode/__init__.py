"""Decoding grids of (item x prior) with a causal language model."""
