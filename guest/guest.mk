# What runs in the guest: static programs and the library for workloads, and
# the image (kernel + initramfs) that boots them.
G := $(B)/guest
GUEST_CFLAGS ?= -O2 -g -fno-omit-frame-pointer
GUEST_CC = $(CC) -D_GNU_SOURCE -Iharness -I. -Iguest/include -std=gnu11 \
	$(WARN) $(GUEST_CFLAGS) -ffunction-sections -fdata-sections -pthread

GUEST_LIB := $(G)/libpowercut.a
GUEST_PC := $(G)/pc
GUEST_INIT := $(G)/powercut-init
GUEST_BARE := $(G)/bare
GUEST_OCI := $(G)/oci-unpack
GUEST_ACE := $(G)/libace.a
guest-lib: $(GUEST_LIB) $(GUEST_ACE) $(GUEST_PC) $(GUEST_INIT) $(GUEST_BARE) \
	$(GUEST_OCI)

# Objects of their own: the rooms' objects may carry sanitizers.
$(G)/static/%.o: %.c | $(B)/deps-checked
	@mkdir -p $(@D)
	$(GUEST_CC) -MMD -MP -c -o $@ $<

$(GUEST_LIB): $(G)/static/guest/lib/powercut.o $(G)/static/guest/lib/log-writes.o
	rm -f $@
	$(AR) rcs $@ $^

# Of workloads/ace: sequences of operations, run and judged in the guest.
ACE_SRCS := $(wildcard guest/ace/*.c) \
	$(filter-out %/scenarios.c $(wildcard harness/ace/test-*.c),\
		$(wildcard harness/ace/*.c)) \
	$(addprefix harness/common/,buf.c error.c files.c nearest.c)
$(GUEST_ACE): $(ACE_SRCS:%.c=$(G)/static/%.o)
	rm -f $@
	$(AR) rcs $@ $^

$(GUEST_PC): $(G)/static/guest/lib/pc.o $(GUEST_LIB)
	$(GUEST_CC) -static -Wl,--gc-sections -o $@ $^

# Not in the image: powercut bench brings it along.
$(GUEST_BARE): $(G)/static/guest/bare/bare.o
	$(GUEST_CC) -static -Wl,--gc-sections -o $@ $^

# On the host: unpacks the images of containers.
OCI_SRCS := $(wildcard guest/oci/*.c)
$(GUEST_OCI): $(OCI_SRCS:%.c=$(B)/%.o) $(LIB)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -larchive -ljansson

# PID 1 and what it starts: the watcher, the tracers.
INIT_ROOMS := guest/init guest/trace guest/watch
INIT_SRCS := $(foreach room,$(INIT_ROOMS),$(filter-out $(room)/test-%.c,\
	$(wildcard $(room)/*.c))) \
	harness/common/buf.c harness/common/error.c harness/common/files.c \
	harness/trace/call-table.c harness/trace/cure.c
$(GUEST_INIT): $(INIT_SRCS:%.c=$(G)/static/%.o)
	$(GUEST_CC) -static -Wl,--gc-sections -o $@ $^

# The image. The script looks itself whether an input has changed.
guest: guest-lib
	B=$(B) guest/image/build-micro.sh

# Unit tests, on the host. $(LIB) brings the common helpers.
GUEST_TEST_SRCS := $(wildcard $(INIT_ROOMS:%=%/test-*.c) guest/lib/test-*.c)
GUEST_TESTS := $(GUEST_TEST_SRCS:%.c=$(B)/%)
INIT_TEST_OBJS := $(patsubst %.c,$(B)/%.o,$(filter-out guest/init/main.c,\
	$(filter $(INIT_ROOMS:%=%/%),$(INIT_SRCS))))
$(INIT_ROOMS:%=$(B)/%/%.o) $(B)/guest/lib/%.o: override CPPFLAGS += \
	-Iguest/include
$(filter $(INIT_ROOMS:%=$(B)/%/%),$(GUEST_TESTS)): $(INIT_TEST_OBJS)
$(filter $(B)/guest/lib/%,$(GUEST_TESTS)): $(B)/guest/lib/powercut.o \
	$(B)/guest/lib/log-writes.o
guest-tests: $(GUEST_TESTS)

.PHONY: guest guest-lib guest-tests

# For trying a guest by hand; not part of any build.
$(G)/probe: $(addprefix $(G)/static/,guest/probe/probe.o harness/common/buf.o \
		harness/common/error.o harness/common/files.o)
	$(GUEST_CC) -o $@ $^
