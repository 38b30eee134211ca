"""Scores of outputs: quality, errors, intervals and tests."""
