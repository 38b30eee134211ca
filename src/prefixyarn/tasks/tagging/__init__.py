"""Part-of-speech tagging (paper section 4.4)."""
