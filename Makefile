# powercut: build, test, demo. `make help` lists the targets.

CC ?= cc
B := .build
PKGS := libvirt libxml-2.0 libcyaml yaml-0.1 libnbd sqlite3 jansson libxxhash \
	libzstd libtraceevent ext2fs libdw

WARN := -Wall -Wextra -Wshadow -Wvla -Wformat=2 -Wmissing-prototypes \
	-Wstrict-prototypes
ifdef DEVELOPER
WARN += -Werror
endif
CFLAGS ?= -O2 -g
override CPPFLAGS += -D_GNU_SOURCE -Iharness -I.
override CFLAGS += -std=gnu11 $(WARN) -pthread
# Asked once, when first needed: by then `make deps` may have installed them.
PKG_CFLAGS = $(eval PKG_CFLAGS := $$(shell pkg-config --cflags $(PKGS)))\
$(PKG_CFLAGS)
LDLIBS = $(eval LDLIBS := $$(shell pkg-config --libs $(PKGS)) -lm)$(LDLIBS)

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:

# The rooms, in the order in which data flows through them.
ROOMS := harness/common harness/scenario harness/vm harness/drive \
	harness/trace harness/interchange harness/lab harness/record harness/states \
	harness/equal harness/check harness/host harness/explain harness/journey \
	harness/run \
	harness/hunt harness/suite harness/try harness/ace harness/bench \
	results/store results/report harness/cmd
MAIN := harness/cmd/main.c
SRCS := $(filter-out $(MAIN) $(wildcard $(addsuffix /test-*.c,$(ROOMS))),\
	$(wildcard $(addsuffix /*.c,$(ROOMS))))
OBJS := $(SRCS:%.c=$(B)/%.o) $(B)/results/report/lanes-js.o
LIB := $(B)/libharness.a

all: $(B)/powercut plugin guest-lib

# The command for users is the one of the usual build; builds elsewhere (other
# compilers, sanitizers) leave it alone.
ifeq ($(B),.build)
all: powercut
endif
powercut: $(B)/powercut
	ln -f $< $@

$(B)/powercut: $(B)/$(MAIN:.c=.o) $(LIB)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(LIB): $(OBJS) $(B)/sources
	rm -f $@
	$(AR) rcs $@ $(OBJS)

$(B)/%.o: %.c $(B)/flags | $(B)/deps-checked
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(PKG_CFLAGS) $(CFLAGS) -fPIC -MMD -MP -c -o $@ $<

# The script of the HTML report as C text, and its hash for the page's content
# security policy.
$(B)/results/report/lanes-js.c: results/report/lanes.js
	@mkdir -p $(@D)
	{ echo '#include "results/report/html.h"'; \
	echo 'const char html_script[] ='; \
	sed 's/[\\"]/\\&/g; s/^/"/; s/$$/\\n"/' $<; echo ';'; \
	printf 'const char html_script_hash[] = "%s";\n' "$$(sha256sum $< | \
	cut -c 1-64 | tr a-f A-F | basenc --base16 -d | base64)"; } >$@
$(B)/results/report/lanes-js.o: $(B)/results/report/lanes-js.c $(B)/flags
	$(CC) $(CPPFLAGS) $(CFLAGS) -fPIC -MMD -MP -c -o $@ $<

# Written anew only when they change: other flags build everything again, a
# source that came or went builds the library again.
$(B)/flags: FORCE
	$(call remember,$(CC) $(CPPFLAGS) $(CFLAGS) $(LDFLAGS))
$(B)/sources: FORCE
	$(call remember,$(OBJS))
remember = @mkdir -p $(@D); echo '$(1)' | cmp -s - $@ || echo '$(1)' >$@

# The drive: an nbdkit plugin. It shares the log and the model with the harness.
PLUGIN := $(B)/nbdkit-powercut-plugin.so
PLUGIN_SRCS := $(filter-out $(wildcard harness/drive/plugin/test-*.c),\
	$(wildcard harness/drive/plugin/*.c))
plugin: $(PLUGIN)
$(PLUGIN): $(PLUGIN_SRCS:%.c=$(B)/%.o) $(LIB)
	$(CC) $(CFLAGS) $(LDFLAGS) -shared -o $@ $^ -lxxhash

# What runs in the guest: static programs, and the image. GUEST_TESTS are its
# unit tests.
include guest/guest.mk

# Unit tests: each test-x.c beside its code is one program that speaks TAP.
TEST_SRCS := $(wildcard $(addsuffix /test-*.c,$(ROOMS) harness/drive/plugin))
UNIT_TESTS := $(TEST_SRCS:%.c=$(B)/%)
$(B)/%: $(B)/%.o $(LIB)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LIB) $(LDLIBS) \
		-lcmocka
.SECONDARY: $(UNIT_TESTS:=.o)
# This one starts drives.
$(B)/harness/drive/test-drive: | $(PLUGIN)

include ci/ci.mk

-include $(shell find $(B) -name '*.d' 2>/dev/null)

clean:
	rm -rf .build .build-* powercut

.PHONY: all plugin clean FORCE
