"""Checkpoint Clinic's engine: from a sentence of advice to a badge that cannot be green without evidence.

Five rooms, each standing on those below it, and on `checkpoint_clinic`, which readers install; one line a module:

commands     what a maintainer types: one file a command; `command` holds what they share, `main` starts them

tend         how it is tended
  vectors      texts with their right answers, beside each article
  generate     evidence and shared code -> the generated parts of the snippets
  pages        an article's two pages, held against its claims
  lint         page <-> folder <-> claims <-> environments <-> evidence <-> snippets
  mutants      a check's source -> changes that its claims must notice
  mutate       mutants run in a copy of the project; which were noticed
  kills        stated mutants that cannot be made; claims that notice less than the article asks for
  new          template/ -> the files of a new article

show         how it is shown
  source       an article's two pages as they are written
  once         what is worked out once for a project
  facts        what was observed of a claim, in words and ranges
  kills        what mutants.json says: which mutants the claims noticed
  badges       cells counted by status and device
  render       evidence -> HTML elements, in the words of `words`
  versions     the table of versions
  environments  the page of environments, a family of them an entry
  drawing      docs/drawings: what was drawn from the data that a check printed, and whether it still fits
  draw         a drawing's code and data -> SVG; the only one that needs matplotlib
  blocks       the Markdown blocks of a page
  addresses    where pages lie: the site, the short addresses, robots.txt
  signatures   all articles -> signatures.json and words.json, which both engines read
  text         an article as plain Markdown, its claims and verdicts written out
  machine      an article as JSON and as Markdown beside its page; the list of all
  feed         the Atom feed: an entry for each article, renewed by its runs
  llms         llms.txt
  osv          affected ranges as OSV records, between releases that were measured to be right
  linked       an article's JSON-LD
  package      what the installed package carries: dictionaries, articles, snippets
  publish      both languages built; badges, evidence and downloads laid beside the pages

decide       how it is decided
  evidence     what a run saw <-> an in-toto statement file; digests; the status rule
  plan         articles x environments -> cells; the jobs that would decide them
  integrity    whether an installed layer's files still are those of its packages
  install      Environment -> a Python that can be started; the only one that calls uv
  run          one job -> outcomes: process, limits, output
  bootstrap    starts the engine from a folder of wheels, where its own packages are not installed

content      what people wrote
  problem      what is wrong in a file: where, what was expected, what was found, the repair
  pattern      whether both engines run a signature's pattern alike, in linear time
  article      article.toml + docstrings -> Article, Claim, Signature; by ast, never by import
  environment  environment.toml + lock.txt -> Environment, its layers and pins
  words        the words that the engine itself puts on a page, in both languages

`probe` is started inside an environment, decides the claims of one check module there, and is imported by nobody.
"""
