#include "guest/watch/data.h"

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "guest/watch/proc.h"

#define CHUNK 65536

void data_buffer(struct data *d, uint64_t address, uint64_t length)
{
	d->pieces[0] = (struct data_piece){ address, length };
	d->n = 1;
	d->length = length;
}

int data_vector(struct data *d, pid_t tid, uint64_t address, uint64_t count)
{
	static struct iovec list[DATA_PIECES];
	ssize_t n;

	d->n = 0;
	d->length = 0;
	if (count > DATA_PIECES)
		return -EFAULT;
	n = proc_read(tid, address, list, count * sizeof(*list));
	if (n != (ssize_t)(count * sizeof(*list)))
		return -EFAULT;
	for (uint64_t i = 0; i < count; i++) {
		d->pieces[d->n++] = (struct data_piece){
			(uint64_t)(uintptr_t)list[i].iov_base,
			list[i].iov_len,
		};
		d->length += list[i].iov_len;
	}
	return 0;
}

static ssize_t read_data(pid_t tid, uint64_t address, void *ret, size_t len,
			 struct proc_stack *stack)
{
	if (stack && !stack->length)
		return proc_read_beside(tid, address, ret, len, stack);
	return proc_read(tid, address, ret, len);
}

static int hash_piece(XXH3_state_t *state, pid_t tid, uint64_t address,
		      uint64_t length, unsigned char head[DATA_HEAD],
		      uint32_t *head_length, struct proc_stack *stack)
{
	static unsigned char chunk[CHUNK];

	while (length > 0) {
		size_t want = length < CHUNK ? (size_t)length : CHUNK;
		ssize_t n = read_data(tid, address, chunk, want, stack);
		size_t room = DATA_HEAD - *head_length;

		if (n <= 0)
			return -EFAULT;
		if (room > (size_t)n)
			room = (size_t)n;
		memcpy(head + *head_length, chunk, room);
		*head_length += (uint32_t)room;
		XXH3_64bits_update(state, chunk, (size_t)n);
		address += (uint64_t)n;
		length -= (uint64_t)n;
	}
	return 0;
}

uint64_t data_hash(const struct data *d, pid_t tid, uint64_t length,
		   unsigned char head[DATA_HEAD], uint32_t *ret_head_length,
		   struct proc_stack *stack)
{
	static XXH3_state_t state;
	uint64_t left = length < d->length ? length : d->length;

	*ret_head_length = 0;
	if (left == 0 || left > DATA_HASHED_MAX)
		return 0;
	XXH3_64bits_reset(&state);
	for (size_t i = 0; i < d->n && left > 0; i++) {
		uint64_t piece = d->pieces[i].length;

		if (piece > left)
			piece = left;
		if (hash_piece(&state, tid, d->pieces[i].address, piece, head,
			       ret_head_length, stack) < 0)
			return 0;
		left -= piece;
	}
	return XXH3_64bits_digest(&state);
}
