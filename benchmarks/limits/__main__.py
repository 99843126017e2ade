"""Print the busiest minutes against AWS's limits, or write docs/limits.md."""

from argparse import ArgumentParser

from benchmarks.cost.page import CASES, measure
from benchmarks.growth.bill import Rates
from benchmarks.limits.page import PAGE, page


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/limits.md")
    text = page(Rates(measure(CASES["one image"]).warm))
    if parser.parse_args().write:
        PAGE.write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
