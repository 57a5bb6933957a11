# Jobs: dependencies, tests, manual pages. `make help` shows them.

# A plain build installs nothing: it says what to do.
$(B)/deps-checked:
	@ci/deps-check.sh $(firstword $(CC)) $(PKGS) nbdkit cmocka
	@mkdir -p $(@D) && touch $@

deps:
	@ci/deps.sh

# The steps of one job follow each other also under make -j: each is a make of
# its own, which also sees what the step before it made.
MAKEFLAGS += --no-print-directory

UNIT = $(UNIT_TESTS) $(GUEST_TESTS)
E2E := $(sort $(wildcard ci/e2e/*.t ci/e2e/cases/*.t))
E2E_TOOLS := $(patsubst %.c,$(B)/%,$(wildcard ci/e2e/*.c))
.SECONDARY: $(E2E_TOOLS:=.o)

# Tests of the drive run it under nbdkit.
tests: $(UNIT) plugin

unit: tests
	@ci/run-tests.sh $(UNIT)

e2e-tools: $(E2E_TOOLS)

e2e: all guest e2e-tools
	@ci/run-tests.sh $(E2E)

test:
	@ci/deps.sh
	@$(MAKE) all guest tests e2e-tools
	@ci/run-tests.sh $(UNIT) $(E2E)

demo:
	@ci/deps.sh
	@$(MAKE) all guest
	@ci/demo.sh

# What the workloads show, on each file system; more options in SUITE_FLAGS.
suite: all guest
	@./powercut run $(SUITE_FLAGS) workloads/suite.yaml

bench: all guest
	@./powercut bench

# Memory errors and undefined behaviour end a test at once.
SANITIZE := address,undefined
SANITIZE_FLAGS = -O1 -g -fno-omit-frame-pointer -fsanitize=$(SANITIZE) \
	-fno-sanitize-recover=all
sanitize:
	@$(MAKE) B=.build-sanitize CFLAGS="$(SANITIZE_FLAGS)" \
		LDFLAGS=-fsanitize=$(SANITIZE) unit

# Fuzz targets: harness/ROOM/fuzz/x.c, libFuzzer; its seeds in the folder x
# beside it. What they find stays in .build-fuzz.
FUZZ_SECONDS ?= 60
FUZZ_SRCS := $(wildcard harness/*/fuzz/*.c results/*/fuzz/*.c)
FUZZ_TARGETS := $(FUZZ_SRCS:%.c=$(B)/%)
FUZZ_FLAGS := -O1 -g -fsanitize=fuzzer-no-link,address,undefined
fuzz:
	@ci/deps.sh ci/packages ci/packages.clang
	@$(MAKE) B=.build-fuzz CC=clang CFLAGS="$(FUZZ_FLAGS)" \
		LDFLAGS=-fsanitize=address,undefined fuzz-run
fuzz-run: $(FUZZ_TARGETS)
	@ci/fuzz.sh $(FUZZ_SECONDS) $(FUZZ_TARGETS)
$(FUZZ_TARGETS): $(B)/%: $(B)/%.o $(LIB)
	$(CC) $(CFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LDLIBS)

# Long runs of the tests that draw random sequences; they read their number
# from the environment.
SEQUENCES ?= 1000000
SOAK_TESTS = $(patsubst %.c,$(B)/%,$(shell grep -l POWERCUT_SEQUENCES \
	$(TEST_SRCS) $(GUEST_TEST_SRCS) /dev/null))
soak-tests: $(SOAK_TESTS)
soak:
	@$(MAKE) all guest soak-tests
	@ci/soak.sh
	@UNIT_TIMEOUT=86400 POWERCUT_SEQUENCES=$(SEQUENCES) \
		ci/run-tests.sh $(SOAK_TESTS)

# Manual pages, in POD beside the commands: file formats are section 5, commands
# section 1.
PAGES_5 := powercut-ace powercut-scenario powercut-suite powercut-log
PAGES := $(patsubst harness/cmd/man/%.pod,%,$(wildcard harness/cmd/man/*.pod))
MAN_1 := $(patsubst %,$(B)/man/man1/%.1,$(filter-out $(PAGES_5),$(PAGES)))
MAN_5 := $(patsubst %,$(B)/man/man5/%.5,$(filter $(PAGES_5),$(PAGES)))
man: $(MAN_1) $(MAN_5)
$(B)/man/man1/%.1: harness/cmd/man/%.pod
	$(pod2man)
$(B)/man/man5/%.5: harness/cmd/man/%.pod
	$(pod2man)
$(MAN_1) $(MAN_5): harness/cmd/version.h
define pod2man
@mkdir -p $(@D)
pod2man --errors=die --section=$(subst .,,$(suffix $@)) --center=powercut \
	--name=$* --release="powercut $$(sed -n 's/.*VERSION "\(.*\)"/\1/p' \
	harness/cmd/version.h)" $< $@
endef

help:
	@sed -n 's/^#: //p' ci/ci.mk
#: make           build ./powercut, the drive and the guest's programs
#: make guest     build the guest: kernel and initramfs
#: make deps      install the Debian packages that are missing
#: make demo      all of the above, then the demo scenarios
#: make test      all of the above, then all tests
#: make tests     build the unit tests, run none
#: make unit      unit tests only: no root, no VM
#: make e2e       end-to-end tests only
#: make sanitize  unit tests under ASan and UBSan
#: make fuzz      fuzz targets, FUZZ_SECONDS=60 each
#: make soak      long: random tests, SEQUENCES=1000000; 10,000 held states
#: make suite     run workloads/suite.yaml, with SUITE_FLAGS
#: make bench     measure boot, recording and checking
#: make man       manual pages, into .build/man
#: make clean     remove all that was built, keep the runs
#:
#: DEVELOPER=1 turns warnings into errors; B=DIR builds elsewhere.

.PHONY: deps tests e2e-tools unit e2e test demo suite bench sanitize fuzz fuzz-run soak \
	soak-tests man help
