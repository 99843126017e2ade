"""Put small faults into the modules that guarantees rest on, one at a time, and run their tests.

    python -m local.mutants [--minutes N] [MODULE ...]

``MODULE`` is a path such as ``use_cases/submit_job`` or ``functions/submit_job``. What no test
notices is listed in .local/mutants/survivors.txt.
"""

import argparse
import ast
import sys
import time
from collections.abc import Iterable, Iterator

from local.mutants.modules import MODULES, Module
from local.mutants.mutations import Mutation, mutations
from local.mutants.trials import Trial, run, seconds_without_fault
from local.paths import PRIVATE

FOLDER = PRIVATE / "mutants"
AT_ONCE = 2


def trials(modules: Iterable[Module]) -> Iterator[Trial]:
    for module in modules:
        tree = ast.parse(module.file.read_text())
        found = sorted(mutations(tree), key=lambda each: (each.line, each.what))
        seconds = seconds_without_fault(module)
        print(f"{module.name}: {len(found)} mutants, {seconds:.1f} s without one", flush=True)
        for mutation in found:
            yield Trial(module, mutation, within=10 + 5 * seconds)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("module", nargs="*", choices=[*MODULES, []])
    given = parser.parse_args(arguments)
    chosen = [MODULES[name] for name in given.module] or list(MODULES.values())
    FOLDER.mkdir(parents=True, exist_ok=True)
    until, killed, left = time.monotonic() + 60 * given.minutes, 0, 0
    survivors: list[tuple[Module, Mutation]] = []
    with (FOLDER / "survivors.txt").open("w") as listing:
        for trial, is_noticed in run(trials(chosen), at_once=AT_ONCE, until=until):
            killed += is_noticed is True
            left += is_noticed is None
            if is_noticed is False:
                survivors.append((trial.module, trial.mutation))
                print(trial, file=listing, flush=True)
                print(f"survived: {trial}", flush=True)
    print(f"{killed} mutants killed, {len(survivors)} survived, {left} not tried for want of time")
    print(f"Survivors: {FOLDER / 'survivors.txt'}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
