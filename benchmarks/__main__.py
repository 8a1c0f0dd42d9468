"""``python -m benchmarks``: run every benchmark and print one table of ratios."""

from __future__ import annotations

from benchmarks import (
    bench_cnn,
    bench_compare,
    bench_detectors,
    bench_extract,
    bench_families,
    bench_following,
    bench_index,
    bench_lstm,
    bench_noise,
    bench_painted,
    bench_training,
)

RUNS = (
    bench_following.run,
    bench_detectors.run,
    bench_extract.run,
    bench_extract.run_workers,
    bench_extract.run_fine,
    bench_extract.run_fine_1080,
    bench_noise.run,
    bench_cnn.run,
    bench_training.run,
    bench_lstm.run,
    bench_lstm.run_128,
    bench_families.run,
    bench_painted.run,
    bench_compare.run,
    bench_index.run,
    bench_index.run_update,
)


def main() -> int:
    """Print the table; exit code 1 where a goal is missed."""
    missed = False
    for run in RUNS:
        result = run()
        if "skipped" in result:
            print(f"skipped  {result['name']}: {result['skipped']}")
            continue
        met = result["ratio"] >= result["goal"]
        missed |= not met
        print(
            f"{'ok' if met else 'MISSED':<8} {result['name']}: {result['ratio']:.1f}x "
            f"(goal {result['goal']:g}x; {result['ours_s']:.2f} s against "
            f"{result['theirs_s']:.2f} s)"
        )
        for name, value in result.get("detail", {}).items():
            print(f"         {name}: {value:.4g}")
    return int(missed)


if __name__ == "__main__":
    raise SystemExit(main())
