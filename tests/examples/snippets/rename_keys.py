"""Give a state dict's keys another prefix."""


# --8<-- [start:rename]
def rename(state, old, new):
    """Return `state` with the prefix `old` of each key replaced by `new`."""
    return {new + key.removeprefix(old): value for key, value in state.items()}
    # --8<-- [end:rename]
