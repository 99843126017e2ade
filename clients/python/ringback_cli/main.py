"""The command ``ringback``. Nothing slow is imported before a command needs it."""

from typing import Any

import click

from ringback_cli.account import account
from ringback_cli.batch import batch
from ringback_cli.doctor import doctor
from ringback_cli.downloads import download
from ringback_cli.drops import drops
from ringback_cli.exits import ExitCode, exit_code_of
from ringback_cli.jobs import archive, cancel, delete, get, list_jobs, retry, timeline, watch
from ringback_cli.models import models
from ringback_cli.posting import price, submit
from ringback_cli.printing import clean_lines
from ringback_cli.usage import usage


class Commands(click.Group):
    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except KeyboardInterrupt:
            context.exit(ExitCode.INTERRUPTED)
        except Exception as error:
            code = exit_code_of(error)
            if code is None:
                raise
            hint = " `ringback doctor` says more." if code is ExitCode.NOT_ALLOWED else ""
            click.echo(f"ringback: {clean_lines(str(error))}{hint}", err=True)
            context.exit(code)

    def list_commands(self, context: click.Context) -> list[str]:
        return [*self.commands]  # in the order of a job's life


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ringback-client", prog_name="ringback")
def main() -> None:
    """Image-generation jobs on your own AWS.

    RINGBACK_API_URL and RINGBACK_KEY say where they are made and for whom, RINGBACK_LIVE_URL
    where waiting needs no asking.

    \b
    ringback submit bytedance/seedream -p "A paper boat" --wait
    """  # noqa: D301


for _command in (
    *(submit, batch, get, list_jobs, watch, timeline, download),
    *(models, price, cancel, retry, archive, delete, drops, account, usage, doctor),
):
    main.add_command(_command)
