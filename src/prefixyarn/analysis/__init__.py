"""Why it works: the paper's analyses of section 2.2, and of its open questions."""
