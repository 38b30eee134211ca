"""Priors: what is given to a model as the start of its answer (paper section 3, controls section 5.2)."""
