"""How it is tended: lint, vectors, generated parts, new articles."""
