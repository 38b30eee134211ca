"""What a run says of the paper's claims, its limits and its open questions."""
