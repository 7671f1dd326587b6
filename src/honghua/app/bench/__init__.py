"""The benches: each prints machine, sizes, medians and its peer in the same run, on a scratch database that it drops."""
