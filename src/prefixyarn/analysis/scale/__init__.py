"""How far priors take foundations of different sizes (open question 1)."""
