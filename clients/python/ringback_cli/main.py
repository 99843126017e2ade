"""The command ``ringback``. Nothing slow is imported before a command needs it."""

from typing import Any, Final

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
from ringback_cli.telling import tell
from ringback_cli.usage import usage

AS_JSON: Final = "ringback.as_json"


class Commands(click.Group):
    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        # Known even if other arguments are wrong.
        context.meta[AS_JSON] = "--json" in args
        return super().parse_args(context, args)

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except click.exceptions.Exit:
            raise
        except (KeyboardInterrupt, click.Abort):
            context.exit(ExitCode.INTERRUPTED)
        except Exception as error:
            code = exit_code_of(error)
            if code is None:
                raise
            if code is not ExitCode.NOT_READ:
                tell(error, code, as_json=context.meta[AS_JSON])
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
