"""Translation (paper section 4.2)."""
