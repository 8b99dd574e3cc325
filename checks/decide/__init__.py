"""How it is decided: cells, environments that can be entered, runs, evidence. Processes start here and nowhere else."""
