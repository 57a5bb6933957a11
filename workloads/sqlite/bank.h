/*
 * What the database holds after n transactions follows from n alone, so the
 * check can compare every value.
 *
 * Transaction n (from 1) inserts ROWS entries, and adds n to the account
 * n % ACCOUNTS: inserts and updates of older pages in one transaction.
 */
#ifndef SQLITE_BANK_H
#define SQLITE_BANK_H

#include <stdint.h>
#include <stdio.h>

#define DB_NAME "bank.db"
#define ROWS 3
#define ACCOUNTS 4
#define NOTE_LEN 300
#define TXN_MAX 99999

/* The text of row `row` of transaction n. */
static inline void note_make(unsigned int n, unsigned int row,
			     char note[NOTE_LEN + 1])
{
	int head = snprintf(note, NOTE_LEN, "txn %u row %u ", n, row);
	uint64_t word = n * 0x9e3779b97f4a7c15ULL + row;

	for (int i = head; i < NOTE_LEN; i++) {
		word = word * 6364136223846793005ULL + 1442695040888963407ULL;
		note[i] = (char)('a' + (word >> 33) % 26);
	}
	note[NOTE_LEN] = '\0';
}

/* The balance of an account after n transactions. */
static inline int64_t balance_after(unsigned int n, unsigned int account)
{
	int64_t sum = 0;

	for (unsigned int i = 1; i <= n; i++)
		if (i % ACCOUNTS == account)
			sum += i;
	return sum;
}

#endif
