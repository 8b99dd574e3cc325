"""`clinic sign`."""

from __future__ import annotations

import os
from pathlib import Path

import click
from rich.markup import escape

from ..decide.attest import KEY_VARIABLE, Refused, load_private_key, public_pem, sign
from ..decide.evidence import attest, location
from ..decide.install import home
from ..decide.plan import find_root, has_answer, load_project, select
from ..decide.policy import FILE as POLICY
from .command import Exit, OwnRuns, err, only_run, out


@click.command()
@click.argument("articles", nargs=-1)
@click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help=f"File with a private Ed25519 key in PEM; without it, the key itself is taken from the variable {KEY_VARIABLE}.",
)
@click.option("--environment", "-e", "environments", multiple=True, help="Only this environment; may be given more than once.")
@click.option("--others", is_flag=True, help="Sign also what another machine has decided: you have seen that it is so.")
def command(articles: tuple[str, ...], key: Path | None, environments: tuple[str, ...], others: bool) -> int:
    """Vouch with a key for evidence that this machine has decided: an envelope beside each statement.

    Only what counts today but for a signature is signed. The public key belongs into checks/policy.toml, where a reviewer
    sees it come; the private one into no repository.
    """
    root = find_root()
    project = load_project(root)
    given = key.read_bytes() if key else os.environ.get(KEY_VARIABLE, "").encode()
    if not given:
        raise click.UsageError(f"no key: give --key FILE, or set {KEY_VARIABLE}")
    try:
        signer = load_private_key(given)
    except Refused as error:
        raise click.UsageError(f"the key cannot be used: {error}") from error
    jobs = [job for job in select(project, articles, environments, lambda _: True) if has_answer(project, job)]
    trusted = public_pem(signer).strip() in {pem.strip() for pem in project.policy.keys.values()}
    own = OwnRuns(home(root))
    signed = 0
    with only_run(root, home(root)):
        for job in jobs:
            path = location(job.article, job.module, job.environment.name)
            if others or own.has(job):
                written = attest(path, sign(path.read_bytes(), signer))
                signed += 1
                counts = "" if trusted else " [yellow](counts for nothing: the key is not in the policy)[/]"
                out.print(f"wrote {escape(str(written.relative_to(root)))}{counts}")
    if signed and not trusted:
        err.print(f"For [keys] of {POLICY}, NAME = the public key:\n{public_pem(signer)}", markup=False)
    if signed:
        return Exit.VERIFIED
    err.print("Nothing to sign: no current answer that this machine has given (--others: also those of other machines).")
    return Exit.NOTHING
