/*
 * Under TCG a guest's time stamp counter is the host's (QEMU:
 * include/qemu/timer.h, cpu_get_host_ticks), but the guest's kernel finds its
 * rate by comparing it with an emulated timer, which stands still while QEMU
 * does not run. On a loaded machine that gave a clock 25 times too fast
 * (measured), and all time limits in the guest with it. So the host measures
 * it and tells the guest: tsc_early_khz= (Linux: kernel-parameters.txt).
 *
 * Both clocks are read together; of several readings the one counts between
 * whose halves the least time went by, so being interrupted does no harm.
 */
#include "vm/tsc.h"

#include <time.h>

#include "common/files.h"

#define READINGS 16
#define SPAN_NS 20000000

#ifdef __x86_64__
#include <x86intrin.h>

struct reading {
	uint64_t ticks, ns;
};

static struct reading read_both(void)
{
	struct reading best = { 0 };
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < READINGS; i++) {
		uint64_t before = __rdtsc(), ns = now_ns(), behind = __rdtsc();

		if (behind - before >= least)
			continue;
		least = behind - before;
		best = (struct reading){ before + least / 2, ns };
	}
	return best;
}

uint64_t tsc_khz(void)
{
	struct reading start = read_both(), end;

	nanosleep(&(struct timespec){ .tv_nsec = SPAN_NS }, NULL);
	end = read_both();
	if (end.ns <= start.ns || end.ticks <= start.ticks)
		return 0;
	return (uint64_t)((double)(end.ticks - start.ticks) * 1e6 /
			  (double)(end.ns - start.ns));
}
#else
uint64_t tsc_khz(void)
{
	return 0;
}
#endif
