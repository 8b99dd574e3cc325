"""What people wrote: articles, environments, patterns, words, and what is wrong in them."""
