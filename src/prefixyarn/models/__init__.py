"""Foundation models: fetched, converted, verified, loaded."""
