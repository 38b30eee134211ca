"""The SFT model, the 100 % line of the paper's comparisons: training it (`train`), and decoding with it (`adapter`)."""
