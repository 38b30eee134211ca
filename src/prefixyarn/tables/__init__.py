"""The tables of a run (paper section 4)."""
