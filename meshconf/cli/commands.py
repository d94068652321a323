"""The command line: its commands by name.

Results go to stdout, problems to stderr. The exit code is 0 if all is well, 1 if there are
findings or a difference, 2 if the job could not be done, 130 if it was interrupted.
"""

from __future__ import annotations

import click

from meshconf.cli.check import check
from meshconf.cli.describe import docs, init, schema
from meshconf.cli.diff import diff
from meshconf.cli.doctor import doctor
from meshconf.cli.explain import explain
from meshconf.cli.migrate import migrate
from meshconf.cli.push import push
from meshconf.cli.render import render
from meshconf.cli.show import show
from meshconf.cli.watch import watch

__all__ = ["meshconf"]


class _Commands(click.Group):
    """Commands, with a suggestion for a misspelt one."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        """List the commands in the order in which they are likely to be needed."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command, or say which one was probably meant."""
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            from meshconf.diagnostics.suggest import nearest

            near = nearest(args[0], self.commands)
            hint = f" Did you mean {near[0]}?" if near else ""
            ctx.fail(f"No such command '{args[0]}'.{hint}")
        return super().resolve_command(ctx, args)


def _print_version(context: click.Context, _: click.Parameter, wanted: bool) -> None:  # noqa: FBT001 - click's
    """Print the version that is installed, if there is one."""
    if not wanted:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        click.echo(f"meshconf, version {version('meshconf')}")
    except PackageNotFoundError:
        click.echo("meshconf, not installed")
    context.exit()


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Show the version and exit.",
)
def meshconf() -> None:
    """Check, show, explain and document the configuration of a service.

    Without further options the schema is that of [tool.meshconf] in pyproject.toml, or the
    service mesh; the sources are those that the service itself would read.
    """


for command in (
    check,
    show,
    explain,
    diff,
    watch,
    doctor,
    migrate,
    render,
    push,
    init,
    docs,
    schema,
):
    meshconf.add_command(command)
