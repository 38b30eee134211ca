"""Text to pre-train on, of which we know where it is from, what it repeats and which of it is translated."""
