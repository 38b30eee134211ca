"""What foundations were trained on, counted: which languages, how often two of them meet, and how (open question)."""
