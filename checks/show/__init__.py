"""How it is shown: pages, drawings, tables of versions, what the browser and the installed package read."""
