/*
 * Texts of a guest's kernel (Linux 6.1, x86-64), as tracefs gives them:
 * events/header_page and events/nvme/nvme_setup_cmd/format.
 */
#ifndef TRACE_TEST_FORMAT_H
#define TRACE_TEST_FORMAT_H

#define TEST_EVENT_ID 1503

static const char test_header[] =
	"\tfield: u64 timestamp;\toffset:0;\tsize:8;\tsigned:0;\n"
	"\tfield: local_t commit;\toffset:8;\tsize:8;\tsigned:1;\n"
	"\tfield: int overwrite;\toffset:8;\tsize:1;\tsigned:1;\n"
	"\tfield: char data;\toffset:16;\tsize:4080;\tsigned:1;\n";

static const char test_format[] =
	"name: nvme_setup_cmd\n"
	"ID: 1503\n"
	"format:\n"
	"\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n"
	"\tfield:unsigned char common_flags;\toffset:2;\tsize:1;\tsigned:0;\n"
	"\tfield:unsigned char common_preempt_count;\toffset:3;\tsize:1;"
	"\tsigned:0;\n"
	"\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n"
	"\n"
	"\tfield:char disk[32];\toffset:8;\tsize:32;\tsigned:0;\n"
	"\tfield:int ctrl_id;\toffset:40;\tsize:4;\tsigned:1;\n"
	"\tfield:int qid;\toffset:44;\tsize:4;\tsigned:1;\n"
	"\tfield:u8 opcode;\toffset:48;\tsize:1;\tsigned:0;\n"
	"\tfield:u8 flags;\toffset:49;\tsize:1;\tsigned:0;\n"
	"\tfield:u8 fctype;\toffset:50;\tsize:1;\tsigned:0;\n"
	"\tfield:u16 cid;\toffset:52;\tsize:2;\tsigned:0;\n"
	"\tfield:u32 nsid;\toffset:56;\tsize:4;\tsigned:0;\n"
	"\tfield:bool metadata;\toffset:60;\tsize:1;\tsigned:0;\n"
	"\tfield:u8 cdw10[24];\toffset:61;\tsize:24;\tsigned:0;\n"
	"\n"
	"print fmt: \"nvme%d: %sqid=%d, cmdid=%u, nsid=%u, flags=0x%x, "
	"meta=0x%x, cmd=(%s %s)\", REC->ctrl_id, nvme_trace_disk_name(p, "
	"REC->disk), REC->qid, REC->cid, REC->nsid, REC->flags, "
	"REC->metadata, ((REC->qid) ? __print_symbolic(REC->opcode, { "
	"nvme_cmd_flush, \"nvme_cmd_flush\" }, { nvme_cmd_write, "
	"\"nvme_cmd_write\" }) : \"\"), ((REC->qid) ? "
	"nvme_trace_parse_nvm_cmd(p, REC->opcode, REC->cdw10) : "
	"nvme_trace_parse_admin_cmd(p, REC->opcode, REC->cdw10))\n";

#endif
