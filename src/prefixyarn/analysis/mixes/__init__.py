"""What pre-training must contain for priors to work: foundations trained here on mixes that we know (open question)."""
