"""prefixyarn: prior tokens for cross-lingual generation with foundation models (arXiv 2404.16766)."""

__version__ = "0.1.0"
