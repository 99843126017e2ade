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
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from local.mutants.children import Outcome
from local.mutants.modules import MODULES, NIGHTLY, Module
from local.mutants.mutations import Mutation, mutations
from local.mutants.trials import outcomes, preload
from local.paths import PRIVATE

SURVIVORS: Final = PRIVATE / "mutants/survivors.txt"
AT_ONCE: Final = 2
ALL: Final = MODULES | NIGHTLY


@dataclass
class Run:
    """``until`` is on the monotonic clock."""

    until: float
    killed: Counter[Outcome] = field(default_factory=Counter)
    survivors: dict[str, list[Mutation]] = field(default_factory=dict)
    untried: Counter[str] = field(default_factory=Counter)

    def all_of(self, module: Module) -> None:
        found = mutations(ast.parse(module.file.read_text()))
        self._try(module, sorted(found, key=lambda each: (each.line, each.what)))

    def survivors_of(self, module: Module) -> None:
        """Try the survivors again with the slow tests; what there is no time for has survived."""
        left = self.survivors.get(module.name, [])
        if left and module.slow_tests:
            print(f"{module.name}: its survivors with the slow tests", flush=True)
            self._try(replace(module, tests=module.slow_tests), left)

    def _try(self, module: Module, found: Sequence[Mutation]) -> None:
        began, survivors, untried = time.monotonic(), list[Mutation](), list[Mutation]()
        for mutation, outcome in outcomes(module, found, at_once=AT_ONCE, until=self.until):
            if outcome in (Outcome.SURVIVED, Outcome.HUNG):
                name = outcome.name.lower()
                print(f"  {name}: {module.name}:{mutation.line}: {mutation.what}", flush=True)
            if outcome is Outcome.SURVIVED:
                survivors.append(mutation)
            elif outcome is Outcome.NOT_TRIED:
                untried.append(mutation)
            else:
                self.killed[outcome] += 1
        if found is self.survivors.get(module.name):
            survivors += untried
        elif untried:
            self.untried[module.name] = len(untried)
        self.survivors[module.name] = survivors
        self._save()
        seconds = time.monotonic() - began
        print(
            f"{module.name}: {len(found)} mutants, {len(survivors)} survived, "
            f"{len(untried)} not tried, {seconds:.0f} s",
            flush=True,
        )

    def _save(self) -> None:
        SURVIVORS.parent.mkdir(parents=True, exist_ok=True)
        with SURVIVORS.open("w") as listing:
            for name, survivors in self.survivors.items():
                for each in survivors:
                    print(f"{name}:{each.line}: {each.what}", file=listing)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make mutants", description=__doc__.split("\n")[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("module", nargs="*", choices=[*ALL, "all", []])
    given = parser.parse_args(arguments)
    chosen = ALL if "all" in given.module else {name: ALL[name] for name in given.module}
    run = Run(until=time.monotonic() + 60 * given.minutes)
    preload()
    for module in (chosen or MODULES).values():
        run.all_of(module)
    for module in (chosen or MODULES).values():
        run.survivors_of(module)
    print(
        f"{run.killed.total()} mutants killed, {run.killed[Outcome.HUNG]} of them because the "
        f"tests hung, {sum(map(len, run.survivors.values()))} survived: {SURVIVORS}"
    )
    if run.untried:
        untried = ", ".join(f"{name} ({number})" for name, number in run.untried.items())
        print(f"No time for {run.untried.total()} mutants: {untried}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
