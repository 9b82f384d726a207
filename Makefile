# Weir. `make demo` shows it, `make test` proves it; both install what is missing (Debian packages,
# and the pinned parts of deps/ from the npm registry). Running a target twice does no work twice.

BUILD      ?= build
TEST_BUILD ?= build-test
ARGS       ?=
PREFIX     ?= /usr/local

.PHONY: all demo test lint asan tsan fuzz bench interop install docs format clean help
all: $(BUILD)/build.ninja
	@ninja -C $(BUILD) weir

help:
	@sed -n 's/^## //p' Makefile

## make            the release build: build/weir
$(BUILD)/build.ninja: meson.build meson_options.txt tools/bootstrap deps/package-lock.json
	@tools/bootstrap build
	@test -f $@ || meson setup $(BUILD) --buildtype=release -Dfaults=false -Dtests=false -Dprefix=$(PREFIX)
	@touch $@

$(TEST_BUILD)/build.ninja: meson.build meson_options.txt tools/bootstrap deps/package-lock.json
	@tools/bootstrap build test
	@test -f $@ || meson setup $(TEST_BUILD) --buildtype=debugoptimized -Dfaults=true -Dtests=true
	@touch $@

## make demo       build, make the example project, load it, build its layers, serve it (ARGS=--check: check and stop)
demo: all
	@$(BUILD)/weir demo $(ARGS)

## make test       unit, conformance, black-box tests and the demo's own check
test: all $(TEST_BUILD)/build.ninja
	@tools/test $(TEST_BUILD) $(BUILD)

## make lint       format, warnings of gcc and clang as errors, layers, headers, lengths, words, generated docs
lint:
	@tools/bootstrap build test lint
	@tools/lint

## make asan       the whole suite under AddressSanitizer and UndefinedBehaviorSanitizer
asan:
	@tools/bootstrap build test lint
	@tools/sanitize address,undefined build-asan

## make tsan       the server tests under ThreadSanitizer
tsan:
	@tools/bootstrap build test lint
	@tools/sanitize thread build-tsan

## make fuzz       each fuzz target for SECONDS (60)
fuzz:
	@tools/bootstrap build lint
	@tools/fuzz $(or $(SECONDS),60)

## make bench      measure against peers in the same run; writes docs/benchmarks.md
bench: all
	@tools/bootstrap build test
	@bench/run $(BUILD) $(ARGS)

## make interop    clients from other registries: PyMySQL, SQLAlchemy, Connector/J, Feast, ... (skips loudly)
interop: all
	@tools/bootstrap build test
	@tests/interop/run $(BUILD)

## make docs       make the generated references anew
docs: all
	@tools/gendocs $(BUILD)/weir docs/reference

## make format     clang-format on all sources
format:
	@git ls-files -co --exclude-standard 'src/*.[ch]' 'tests/*.[ch]' 'bench/*.[ch]' | xargs clang-format-19 -i

## make install    to PREFIX (/usr/local)
install: all
	@meson install -C $(BUILD) --no-rebuild

clean:
	@rm -rf $(BUILD) $(TEST_BUILD) build-asan build-tsan build-fuzz build-lint-gcc build-lint-clang
