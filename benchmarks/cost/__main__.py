"""Print what a job costs, or write docs/cost.md."""

from argparse import ArgumentParser

from benchmarks.cost.page import CASES, PAGE, measure, page


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/cost.md")
    text = page({name: measure(case) for name, case in CASES.items()})
    if parser.parse_args().write:
        PAGE.write_text(text)
    else:
        print(text)


if __name__ == "__main__":
    main()
