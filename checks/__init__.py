"""Checkpoint Clinic's engine: from a sentence of advice to a badge that cannot be green without evidence.

The pipeline, one line a module:

problem      what is wrong in a file: where, what was expected, what was found, the repair
pattern      whether both engines run a signature's pattern alike, in linear time
article      article.toml + docstrings -> Article, Claim, Signature; by ast, never by import
environment  environment.toml + lock.txt -> Environment, its layers and pins
evidence     what a run saw <-> an in-toto statement file; digests; the status rule
plan         articles x environments -> cells; the jobs that would decide them
integrity    whether an installed layer's files still are those of its packages
install      Environment -> a Python that can be started; the only one that calls uv
run          one job -> outcomes: process, limits, output
probe        decides the claims of one check module inside an environment; standard library only
drawing      docs/drawings: what was drawn from the data that a check printed, and whether it still fits
draw         a drawing's code and data -> SVG; the only one that needs matplotlib
render       evidence -> HTML elements, in the words of `words`
versions     the table of versions and the ranges derived from it
blocks       the Markdown blocks of a page
signatures   all articles -> signatures.json and words.json, which both engines read
normalise    a pasted text without what terminals, loggers and mail programs put around its messages
match        pasted text -> articles, look-alikes, or nothing
nearest      a question in words -> the nearest articles
vectors      texts with their right answers, beside each article
log          a file or a pipe -> pieces of text
mask         tokens, user names and hosts of a paste -> <token>, <user>, <host>
answer       a diagnosis in words
             (normalise, match, nearest, mask and answer have a twin each in overrides/assets/clinic, for the browser)
publish      both languages built; badges, evidence and downloads laid beside the pages
generate     evidence and shared code -> the generated parts of the snippets
lint         page <-> folder <-> claims <-> environments <-> evidence <-> snippets
new          template/ -> the files of a new article
command      the command line; `clinic` and `python -m checks` start it (bootstrap: from a folder of wheels)
"""
