"""What readers install: from a pasted log to an article. Standard library only.

normalise    a pasted text without what terminals, loggers and mail programs put around its messages
match        pasted text -> articles, look-alikes, or nothing
nearest      a question in words -> the nearest articles
log          a file or a pipe -> pieces of text
mask         tokens, user names and hosts of a paste -> <token>, <user>, <host>
words        the words of an answer, in both languages
answer       a diagnosis in words

normalise, match, nearest, mask and answer have a twin each for the browser: overrides/assets/clinic/<name>.js.
"""
