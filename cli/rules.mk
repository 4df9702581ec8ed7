# The command as a benchmark, against the peers that Debian carries.

#: make bench      all contenders, all figures: a table, build/bench.json, build/bench.svg (minutes)
.PHONY: bench
bench: all
	@linux=$$(scripts/fetch kernel) || linux=; xen=$$(scripts/fetch xen) || xen=; \
	  $(BUILD)/muster bench $${linux:+--linux "$$linux"} $${xen:+--xen "$$xen"} --first 1 \
	  --json $(BUILD)/bench.json --output $(BUILD)/bench.svg --markdown $(BUILD)/bench.md \
	  $(BENCH_OPTIONS)
