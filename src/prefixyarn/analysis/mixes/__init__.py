"""What pre-training must contain for priors to work: foundations trained here on mixes that we know (open question)."""

SOURCES = 16  # after which a tail is read in each format, the item's own among them
