/*
 * Formats of tracepoints (Linux 6.1, x86-64; of the requests 6.12), as tracefs
 * gives them, with the fields that matter and without their print fmt.
 */
#ifndef TRACE_TEST_LAYER_FORMATS_H
#define TRACE_TEST_LAYER_FORMATS_H

#define COMMON                                                                 \
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n" \
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n" \
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;"      \
	"\tsigned:0;\n"                                                        \
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n"
#define HEAD(name, id) "name: " name "\nID: " #id "\nformat:\n" COMMON
#define FIELD(text, offset, size)                                              \
	"\tfield:" text ";\toffset:" #offset ";\tsize:" #size ";\tsigned:0;\n"
#define PAGE_FIELDS                                                            \
	FIELD("char name[32]", 8, 32) FIELD("ino_t ino", 40, 8)                \
	FIELD("unsigned long index", 48, 8)
#define BLOCK_FIELDS                                                           \
	FIELD("dev_t dev", 8, 4) FIELD("sector_t sector", 16, 8)               \
	FIELD("unsigned int nr_sector", 24, 4)
#define BIO_FIELDS                                                             \
	BLOCK_FIELDS FIELD("char rwbs[8]", 28, 8) FIELD("char comm[16]", 36, 16)
/* 6.12 has ioprio before rwbs. */
#define RQ_FIELDS                                                              \
	BLOCK_FIELDS FIELD("unsigned int bytes", 28, 4)                        \
	FIELD("unsigned short ioprio", 32, 2) FIELD("char rwbs[8]", 34, 8)     \
	"\tfield:__data_loc char[] cmd;\toffset:60;\tsize:4;\tsigned:1;\n"
#define JBD2_FIELDS                                                            \
	FIELD("dev_t dev", 8, 4) FIELD("char sync_commit", 12, 1)              \
	FIELD("tid_t transaction", 16, 4)

enum {
	DIRTY = 858,
	WRITEBACK = 833,
	JOIN = 1120,
	COMMIT = 1127,
	LOGGING = 1124,
	COMMITTED = 1122,
	CHECKPOINT = 1128,
	FSYNC = 1074,
	FSYNC_END = 1073,
	QUEUE = 1184,
	MERGE = 1186,
	INSERT = 1191,
	ISSUE = 1190,
	COMPLETE = 1193,
	LOG_FORCE = 1300,
	LOG_WRITE = 1301,
	BTRFS_COMMIT = 1302,
};

static const char *const layer_formats[] = {
	HEAD("writeback_dirty_folio", 858) PAGE_FIELDS,
	HEAD("writeback_single_inode_start", 833) PAGE_FIELDS,
	HEAD("jbd2_handle_start", 1120) FIELD("dev_t dev", 8, 4)
		FIELD("tid_t tid", 12, 4),
	HEAD("jbd2_start_commit", 1127) JBD2_FIELDS,
	HEAD("jbd2_commit_logging", 1124) JBD2_FIELDS,
	HEAD("jbd2_end_commit", 1122) JBD2_FIELDS,
	HEAD("jbd2_checkpoint", 1128) FIELD("dev_t dev", 8, 4),
	HEAD("ext4_sync_file_enter", 1074) FIELD("dev_t dev", 8, 4)
		FIELD("ino_t ino", 16, 8),
	HEAD("ext4_sync_file_exit", 1073) FIELD("dev_t dev", 8, 4)
		FIELD("ino_t ino", 16, 8),
	HEAD("block_bio_queue", 1184) BIO_FIELDS,
	HEAD("block_bio_backmerge", 1186) BIO_FIELDS,
	HEAD("block_rq_insert", 1191) RQ_FIELDS,
	HEAD("block_rq_issue", 1190) RQ_FIELDS,
	HEAD("block_rq_complete", 1193) RQ_FIELDS,
	HEAD("xfs_log_force", 1300) FIELD("dev_t dev", 8, 4)
		FIELD("xfs_lsn_t lsn", 16, 8),
	HEAD("xlog_iclog_write", 1301) FIELD("dev_t dev", 8, 4)
		FIELD("unsigned long long lsn", 32, 8),
	HEAD("btrfs_transaction_commit", 1302) FIELD("u8 fsid[16]", 8, 16)
		FIELD("u64 generation", 24, 8),
};
#define N_LAYER_FORMATS (sizeof(layer_formats) / sizeof(layer_formats[0]))

#endif
