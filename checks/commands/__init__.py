"""One file a command, found by its name; `command` holds what they share, `main` starts them."""
