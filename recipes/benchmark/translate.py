"""Translates a file as `nmt translate` does, and prints in JSON what it took; started for each measurement.

    python -m recipes.benchmark.translate MODEL --input FILE --output FILE --alignments FILE --beam-size 5 ...

The clock runs from the first line read to the last alignment written; loading is told apart.
"""

import argparse
import json
import time

from nmt.cli.options import add_model, add_search, load_translator, positive, search_arguments, set_threads


def main() -> None:
    """Translates."""
    begin = time.perf_counter()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_model(parser)
    add_search(parser)
    for name in ("--input", "--output", "--alignments"):
        parser.add_argument(name, required=True, metavar="FILE")
    parser.add_argument("--batch-size", type=positive, required=True, metavar="N")
    given = parser.parse_args()
    set_threads(given.threads)
    from nmt.translation.writers import alignment_writer

    translator = load_translator(given)
    loaded = time.perf_counter()
    tokens = sentences = 0
    with (
        open(given.input, encoding="utf-8", newline="\n") as lines,
        open(given.output, "wb") as output,
    ):
        alignments = alignment_writer(open(given.alignments, "wb"), "pharaoh", "word")  # noqa: SIM115
        results = translator.stream(lines, batch_size=given.batch_size, **search_arguments(given))
        for number, result in enumerate(results):
            output.write(f"{result.text}\n".encode())
            alignments.write(number, result.alignment)
            tokens += len(result.hypotheses[0].tokens) + 1  # with the end mark
            sentences += 1
        alignments.close()
    done = time.perf_counter()
    print(json.dumps({"load_s": loaded - begin, "seconds": done - loaded, "sentences": sentences, "tokens": tokens}))


if __name__ == "__main__":
    main()
