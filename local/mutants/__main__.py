"""Put small faults into the modules that guarantees rest on, one at a time, and run their tests.

    python -m local.mutants [--minutes N] [MODULE ...]

``MODULE`` is a path such as ``use_cases/submit_job`` or ``functions/submit_job``; ``all`` stands
for every module that is listed. What no test notices is listed in .local/mutants/survivors.txt.
"""

import argparse
import ast
import sys
import time
from collections import Counter
from typing import Final, TextIO

from local.mutants.children import Outcome
from local.mutants.modules import MODULES, NIGHTLY, Module
from local.mutants.mutations import mutations
from local.mutants.trials import outcomes, preload
from local.paths import PRIVATE

FOLDER: Final = PRIVATE / "mutants"
AT_ONCE: Final = 2
ALL: Final = MODULES | NIGHTLY


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("module", nargs="*", choices=[*ALL, "all", []])
    given = parser.parse_args(arguments)
    chosen = ALL if "all" in given.module else {name: ALL[name] for name in given.module}
    FOLDER.mkdir(parents=True, exist_ok=True)
    until, total, unreached = time.monotonic() + 60 * given.minutes, Counter[Outcome](), []
    preload()
    with (FOLDER / "survivors.txt").open("w") as listing:
        for module in (chosen or MODULES).values():
            counts = tried(module, until, listing)
            total += counts
            if counts[Outcome.NOT_TRIED]:
                unreached.append(f"{module.name} ({counts[Outcome.NOT_TRIED]})")
    print(
        f"{total[Outcome.KILLED] + total[Outcome.HUNG]} mutants killed, {total[Outcome.HUNG]} of "
        f"them because the tests hung, {total[Outcome.SURVIVED]} survived"
    )
    if unreached:
        print(f"No time for {total[Outcome.NOT_TRIED]} mutants: {', '.join(unreached)}")
    print(f"Survivors: {FOLDER / 'survivors.txt'}")
    return 0


def tried(module: Module, until: float, listing: TextIO) -> Counter[Outcome]:
    began = time.monotonic()
    found = sorted(
        mutations(ast.parse(module.file.read_text())), key=lambda each: (each.line, each.what)
    )
    if began >= until:
        return Counter({Outcome.NOT_TRIED: len(found)})
    counts = Counter[Outcome]()
    for mutation, outcome in outcomes(module, found, at_once=AT_ONCE, until=until):
        counts[outcome] += 1
        if outcome in (Outcome.SURVIVED, Outcome.HUNG):
            line = f"{module.name}:{mutation.line}: {mutation.what}"
            print(f"  {outcome.name.lower()}: {line}", flush=True)
            if outcome is Outcome.SURVIVED:
                print(line, file=listing, flush=True)
    print(
        f"{module.name}: {len(found)} mutants, {counts[Outcome.SURVIVED]} survived, "
        f"{time.monotonic() - began:.0f} s",
        flush=True,
    )
    return counts


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
