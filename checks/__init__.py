"""Checkpoint Clinic's engine: from a sentence of advice to a badge that cannot be green without evidence.

Five rooms, each standing on those below it, and on `checkpoint_clinic`, which readers install; one line a module:

commands     what a maintainer types: one file a command; `command` holds what they share, `main` starts them

tend         how it is tended
  vectors      those texts, tried
  intake       a real log -> such a text
  generate     evidence and shared code -> the generated parts of the snippets
  inert        whether a page's Markdown is text, and nothing of it could run
  atlas        the load atlas, held against its form
  changes      what a release changed in it, and what is expected from then on
  pages        an article's two pages, held against its claims
  lint         page <-> folder <-> claims <-> environments <-> evidence <-> snippets
  rederive     what a built site claims, derived again from its own files
  notes        what checks say of false sentences, held against the articles' Chinese notes
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
  reasons      why a status is what it is, in the language of a page
  render       evidence -> HTML elements, in the words of `words`
  versions     the table of versions
  environments  the page of environments, a family of them an entry
  atlas        the load atlas as data: outcomes by architecture, way and environment; atlas.json
  atlas_page   the load atlas as readers see it, and the part of it that an article shows
  atlas_picture  a way of it as SVG
  drawing      docs/drawings: what was drawn from the data that a check printed, and whether it still fits
  draw         a drawing's code and data -> SVG; the only one that needs matplotlib
  blocks       the Markdown blocks of a page
  tables       tables written in Markdown: they scroll by keyboard
  policy       what a page may run, by hashes, and whether a built site keeps to it
  addresses    where pages lie: the site, the short addresses, robots.txt
  scoreboard   the public reports that are answered, and those that are not
  signatures   all articles -> signatures.json and words.json, which both engines read
  text         an article as plain Markdown, its claims and verdicts written out
  machine      an article as JSON and as Markdown beside its page; the list of all
  feed         the Atom feed: an entry for each article, renewed by its runs
  llms         llms.txt
  osv          affected ranges as OSV records, between releases that were measured to be right
  linked       an article's JSON-LD
  package      what the installed package carries: dictionaries, articles, snippets
  junit        cells with their statuses as JUnit XML
  summary      cells counted as a Markdown table
  publish      both languages built; badges, evidence and downloads laid beside the pages

decide       how it is decided
  attest       an envelope beside a statement: signed with a key, or by a workflow; whether it is true
  policy       checks/policy.toml: whose word it takes before evidence counts
  evidence     what a run saw <-> an in-toto statement file; digests; the status rule
  leftovers    temporary folders whose owner was killed; locks
  plan         articles x environments -> cells; the jobs that would decide them
  matrix       jobs for many machines, as a GitHub Actions matrix
  integrity    whether an installed layer still is what was installed
  incoming     a statement that somebody brings: whether the same rules let it in
  releases     the newest release of a package, asked of pip's index
  install      Environment -> a Python that can be started; the only one that calls uv
  guard        what a check's files may not do
  sandbox      what shuts a check in: the strictest isolation that the machine offers
  run          one job -> outcomes: process, limits, output
  spread       jobs over an executor: threads here, or workers elsewhere; what became of each
  worker       what a machine elsewhere does with an order: content by digest, decides, returns
  cluster      a Dask cluster's workers; the only one that needs distributed
  pack         the engine's files and the content as one archive
  bundle       what a machine without network needs, in one folder
  node         the one command of such a folder: compares every byte, then runs; copied into it
  bootstrap    starts the engine from a folder of wheels, where its own packages are not installed

content      what people wrote
  problem      what is wrong in a file: where, what was expected, what was found, the repair
  pattern      whether both engines run a signature's pattern alike, in linear time
  article      article.toml + docstrings -> Article, Claim, Signature; by ast, never by import
  environment  environment.toml + lock.txt -> Environment, its layers and pins
  vectors      vectors.toml: texts with their right answers; checks/unanswered.toml: reports that have none yet
  releases     checks/releases.toml: the newest releases that are known, and since when
  words        the words that the engine itself puts on a page, in both languages

`probe` is started inside an environment, decides the claims of one check module there, and is imported by nobody.
"""
