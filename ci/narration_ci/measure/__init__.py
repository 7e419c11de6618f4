"""Measuring a run: records, coverage, links, baseline, gate."""
