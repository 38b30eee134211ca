"""Scores of outputs: translation quality, faults, intervals and tests."""
