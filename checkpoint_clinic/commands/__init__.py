"""What a reader types: one file a command, each with `HELP`, `arguments(parser)` and `run(given, library) -> exit status`."""
