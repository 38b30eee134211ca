"""Whether priors help more where a language has few resources (limits; paper section 4.2)."""
