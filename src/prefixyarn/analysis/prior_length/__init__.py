"""How many units of a prior are needed (paper section 4.1)."""
