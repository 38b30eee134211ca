"""Cross-lingual summarisation (paper section 4.3)."""
