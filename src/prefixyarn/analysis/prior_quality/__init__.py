"""How good a prior must be (paper section 5.1): priors made worse, and what follows right and wrong ones."""
