"""Where test items, dictionaries and function words come from."""
