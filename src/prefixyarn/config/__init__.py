"""What a configuration means: whether it is right, its subsets, its sources of data, and what a run makes."""
