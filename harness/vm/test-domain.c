#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <jansson.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vm/domain.h"
#include "vm/vm.h"

#define ARG "/domain/*[local-name()='commandline']/*[local-name()='arg']"

static const struct vm_config plain = {
	.name = "rec",
	.kernel = "/k/vmlinux",
	.initrd = "/k/initrd",
	.cmdline = "console=ttyS0 quiet",
	.memory = 256 << 20,
	.nbd_socket = "/run/pc/nbd.sock",
	.block = 512,
	.console = "/runs/1/console",
};

static const struct domain_host host = {
	.accel = ACCEL_TCG,
	.agent_socket = "/run/pc/rec.agent",
	.pidfile = "/run/pc/rec.pid",
};

/* The XPath's value, as a string, in the XML; freed by the next call. */
static const char *value(const char *xml, const char *xpath)
{
	static char *result;
	xmlDoc *doc = xmlReadMemory(xml, (int)strlen(xml), NULL, NULL, 0);
	xmlXPathContext *c;
	xmlXPathObject *o;
	char *expr;

	assert_non_null(doc);
	c = xmlXPathNewContext(doc);
	expr = malloc(strlen(xpath) + 10);
	strcpy(expr, "string(");
	strcat(strcat(expr, xpath), ")");
	o = xmlXPathEvalExpression((xmlChar *)expr, c);
	assert_non_null(o);
	free(result);
	result = strdup((char *)o->stringval);
	xmlXPathFreeObject(o);
	xmlXPathFreeContext(c);
	xmlFreeDoc(doc);
	free(expr);
	return result;
}

static int has_arg(const char *xml, const char *text)
{
	char xpath[512];

	snprintf(xpath, sizeof(xpath), "count(" ARG "[@value='%s'])", text);
	return atoi(value(xml, xpath)) == 1;
}

static void boots_the_kernel_directly(void **state)
{
	char *xml = domain_xml(&plain, &host);

	(void)state;
	assert_string_equal(value(xml, "/domain/@type"), "qemu");
	assert_string_equal(value(xml, "/domain/name"), "rec");
	assert_string_equal(value(xml, "/domain/os/kernel"), "/k/vmlinux");
	assert_string_equal(value(xml, "/domain/os/initrd"), "/k/initrd");
	assert_string_equal(value(xml, "/domain/os/cmdline"),
			    "console=ttyS0 quiet");
	assert_string_equal(value(xml, "/domain/memory"), "268435456");
	assert_string_equal(value(xml, "/domain/memory/@unit"), "b");
	assert_string_equal(value(xml, "count(/domain/features/acpi)"), "1");
	free(xml);
}

static void a_guest_that_stops_is_gone(void **state)
{
	char *xml = domain_xml(&plain, &host);

	(void)state;
	assert_string_equal(value(xml, "/domain/on_reboot"), "destroy");
	assert_string_equal(value(xml, "/domain/on_crash"), "destroy");
	assert_string_equal(value(xml, "/domain/on_poweroff"), "destroy");
	free(xml);
}

static void the_agent_has_its_channel(void **state)
{
	char *xml = domain_xml(&plain, &host);

	(void)state;
	assert_string_equal(value(xml, "//channel/source/@path"),
			    "/run/pc/rec.agent");
	assert_string_equal(value(xml, "//channel/source/@mode"), "bind");
	assert_string_equal(value(xml, "//channel/target/@name"),
			    "org.powercut.agent.0");
	free(xml);
}

static void the_drive_is_one_controller_with_two_namespaces(void **state)
{
	struct vm_config c = plain;
	char *xml;

	(void)state;
	c.block = 4096;
	xml = domain_xml(&c, &host);
	assert_true(has_arg(xml, "nvme,id=nv0,serial=powercut,"
				 "bus=pcie.0,addr=0x10"));
	assert_true(has_arg(xml, "nvme-ns,bus=nv0,drive=disk,nsid=1,"
				 "logical_block_size=4096,"
				 "physical_block_size=4096"));
	assert_true(has_arg(xml, "nvme-ns,bus=nv0,drive=marks,nsid=2,"
				 "logical_block_size=4096,"
				 "physical_block_size=4096"));
	free(xml);
	c.block = 512;
	xml = domain_xml(&c, &host);
	assert_true(has_arg(xml, "nvme-ns,bus=nv0,drive=disk,nsid=1,"
				 "logical_block_size=512,"
				 "physical_block_size=512"));
	free(xml);
}

static void an_image_is_one_disk_more_that_is_only_read(void **state)
{
	struct vm_config c = plain;
	char *xml;

	(void)state;
	c.image = "/images/a,b.erofs";
	xml = domain_xml(&c, &host);
	assert_true(has_arg(xml, "{\"driver\":\"raw\",\"node-name\":\"image\","
				 "\"read-only\":true,\"file\":{\"driver\":"
				 "\"file\",\"filename\":\"/images/a,b.erofs"
				 "\"}}"));
	assert_true(has_arg(xml, "virtio-blk-pci,drive=image,"
				 "serial=powercut-image,bus=pcie.0,addr=0x14"));
	assert_string_equal(value(xml, "/domain/os/cmdline"),
			    "console=ttyS0 quiet powercut.image=erofs");
	free(xml);
}

static void virtio_is_two_disks_of_their_own(void **state)
{
	struct vm_config c = plain;
	char *xml;

	(void)state;
	c.bus = BUS_VIRTIO;
	xml = domain_xml(&c, &host);
	assert_true(has_arg(xml, "virtio-blk-pci,drive=disk,"
				 "serial=powercut-disk,bus=pcie.0,addr=0x12,"
				 "write-cache=on,request-merging=off,"
				 "max-write-zeroes-sectors=65536,"
				 "max-discard-sectors=65536,"
				 "logical_block_size=512,"
				 "physical_block_size=512"));
	assert_true(has_arg(xml, "virtio-blk-pci,drive=marks,"
				 "serial=powercut-marks,bus=pcie.0,addr=0x13,"
				 "write-cache=on,request-merging=off,"
				 "max-write-zeroes-sectors=65536,"
				 "max-discard-sectors=65536,"
				 "logical_block_size=4096,"
				 "physical_block_size=4096"));
	assert_string_equal(value(xml, "/domain/os/cmdline"),
			    "console=ttyS0 quiet powercut.bus=virtio");
	free(xml);
}

static void scsi_is_one_controller_with_two_units(void **state)
{
	struct vm_config c = plain;
	char *xml;

	(void)state;
	c.bus = BUS_SCSI;
	xml = domain_xml(&c, &host);
	assert_true(has_arg(xml, "virtio-scsi-pci,id=scsi0,bus=pcie.0,"
				 "addr=0x10"));
	assert_true(has_arg(xml, "scsi-hd,bus=scsi0.0,drive=disk,scsi-id=0,"
				 "lun=0,serial=powercut-disk,write-cache=on,"
				 "dpofua=on,logical_block_size=512,"
				 "physical_block_size=512"));
	assert_true(has_arg(xml, "scsi-hd,bus=scsi0.0,drive=marks,scsi-id=0,"
				 "lun=1,serial=powercut-marks,write-cache=on,"
				 "dpofua=on,logical_block_size=4096,"
				 "physical_block_size=4096"));
	assert_string_equal(value(xml, "/domain/os/cmdline"),
			    "console=ttyS0 quiet powercut.bus=scsi");
	free(xml);
}

static void a_scheduler_is_named_to_the_guest(void **state)
{
	struct vm_config c = plain;
	char *xml;

	(void)state;
	c.scheduler = "bfq";
	c.cmdline = NULL;
	xml = domain_xml(&c, &host);
	assert_string_equal(value(xml, "/domain/os/cmdline"),
			    " powercut.scheduler=bfq");
	free(xml);
}

static void the_guest_is_told_the_rate_of_its_clock(void **state)
{
	struct domain_host h = host;
	char *xml;

	(void)state;
	h.tsc_khz = 2500000;
	xml = domain_xml(&plain, &h);
	assert_string_equal(value(xml, "/domain/os/cmdline"),
			    "console=ttyS0 quiet tsc_early_khz=2500000");
	free(xml);
	h.accel = ACCEL_KVM;
	xml = domain_xml(&plain, &h);
	assert_string_equal(value(xml, "/domain/os/cmdline"),
			    "console=ttyS0 quiet");
	free(xml);
}

static void doorbell_buffers_go_off_where_they_can(void **state)
{
	struct domain_host h = host;
	char *xml;

	(void)state;
	h.dbcs = 1;
	xml = domain_xml(&plain, &h);
	assert_true(has_arg(xml, "nvme,id=nv0,serial=powercut,"
				 "bus=pcie.0,addr=0x10,dbcs=off"));
	free(xml);
}

/* Of the nth -blockdev, from 1. */
static json_t *blockdev(const char *xml, int nth)
{
	char xpath[256];
	json_t *j;

	snprintf(xpath, sizeof(xpath), "(" ARG "[@value='-blockdev'])[%d]"
		 "/following-sibling::*[1]/@value", nth);
	j = json_loads(value(xml, xpath), 0, NULL);
	assert_non_null(j);
	return j;
}

static const char *field(json_t *j, const char *name)
{
	return json_string_value(json_object_get(j, name));
}

static void the_namespaces_are_the_drives_exports(void **state)
{
	char *xml = domain_xml(&plain, &host);
	json_t *disk = blockdev(xml, 1), *marks = blockdev(xml, 2);

	(void)state;
	assert_string_equal(field(disk, "driver"), "nbd");
	assert_string_equal(field(disk, "export"), "disk");
	assert_string_equal(field(disk, "node-name"), "disk");
	assert_string_equal(field(disk, "discard"), "unmap");
	assert_string_equal(field(marks, "export"), "marks");
	assert_string_equal(field(json_object_get(marks, "server"), "path"),
			    "/run/pc/nbd.sock");
	json_decref(disk);
	json_decref(marks);
	free(xml);
}

static void marks_may_go_elsewhere(void **state)
{
	struct vm_config c = plain;
	json_t *disk, *marks;
	char *xml;

	(void)state;
	c.marks_socket = "/run/pc/marks.sock";
	xml = domain_xml(&c, &host);
	disk = blockdev(xml, 1);
	marks = blockdev(xml, 2);
	assert_string_equal(field(json_object_get(disk, "server"), "path"),
			    "/run/pc/nbd.sock");
	assert_string_equal(field(json_object_get(marks, "server"), "path"),
			    "/run/pc/marks.sock");
	json_decref(disk);
	json_decref(marks);
	free(xml);
}

static void user_data_is_escaped(void **state)
{
	struct vm_config c = plain;
	json_t *disk;
	char *xml;

	(void)state;
	c.name = "a<b&c";
	c.cmdline = "x=\"1\" </cmdline><evil/>";
	c.nbd_socket = "/tmp/a,b \"c\"/'<&>/s\xc3\xa9";
	c.console = "/tmp/\"quoted\"&co";
	xml = domain_xml(&c, &host);
	assert_string_equal(value(xml, "/domain/name"), c.name);
	assert_string_equal(value(xml, "/domain/os/cmdline"), c.cmdline);
	assert_string_equal(value(xml, "//serial/source/@path"), c.console);
	disk = blockdev(xml, 1);
	assert_string_equal(field(json_object_get(disk, "server"), "path"),
			    c.nbd_socket);
	json_decref(disk);
	free(xml);
}

static void a_path_that_is_not_utf8_does_not_crash(void **state)
{
	struct vm_config c = plain;
	char *xml;

	(void)state;
	c.nbd_socket = "/tmp/\xff\xfe";
	c.kernel = "/tmp/\xff";
	xml = domain_xml(&c, &host);
	assert_non_null(xml);
	free(xml);
}

static void the_console_is_a_file_or_a_pty(void **state)
{
	struct vm_config c = plain;
	char *xml = domain_xml(&c, &host);

	(void)state;
	assert_string_equal(value(xml, "//serial/@type"), "file");
	assert_string_equal(value(xml, "//serial/source/@path"),
			    "/runs/1/console");
	free(xml);
	c.interactive = 1;
	xml = domain_xml(&c, &host);
	assert_string_equal(value(xml, "//serial/@type"), "pty");
	assert_string_equal(value(xml, "count(//serial/source)"), "0");
	free(xml);
}

static void qboot_is_used_where_it_is_installed(void **state)
{
	struct domain_host h = host;
	char *xml = domain_xml(&plain, &h);

	(void)state;
	assert_string_equal(value(xml, "count(/domain/os/loader)"), "0");
	free(xml);
	h.firmware = "/usr/share/qemu/qboot.rom";
	xml = domain_xml(&plain, &h);
	assert_string_equal(value(xml, "/domain/os/loader[@type='rom']"),
			    "/usr/share/qemu/qboot.rom");
	free(xml);
}

static void kvm_uses_the_hosts_cpu(void **state)
{
	struct domain_host h = host;
	char *xml;

	(void)state;
	h.accel = ACCEL_KVM;
	xml = domain_xml(&plain, &h);
	assert_string_equal(value(xml, "/domain/@type"), "kvm");
	assert_string_equal(value(xml, "/domain/cpu/@mode"),
			    "host-passthrough");
	free(xml);
}

static void finds_the_pty_of_a_running_domain(void **state)
{
	char *pty = domain_pty("<domain><devices><serial type='pty'>"
			       "<source path='/dev/pts/3'/></serial>"
			       "</devices></domain>");

	(void)state;
	assert_string_equal(pty, "/dev/pts/3");
	free(pty);
	assert_null(domain_pty("<domain><devices/></domain>"));
	assert_null(domain_pty("<domain>"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(boots_the_kernel_directly),
		cmocka_unit_test(a_guest_that_stops_is_gone),
		cmocka_unit_test(the_agent_has_its_channel),
		cmocka_unit_test(
			the_drive_is_one_controller_with_two_namespaces),
		cmocka_unit_test(an_image_is_one_disk_more_that_is_only_read),
		cmocka_unit_test(virtio_is_two_disks_of_their_own),
		cmocka_unit_test(scsi_is_one_controller_with_two_units),
		cmocka_unit_test(a_scheduler_is_named_to_the_guest),
		cmocka_unit_test(the_guest_is_told_the_rate_of_its_clock),
		cmocka_unit_test(doorbell_buffers_go_off_where_they_can),
		cmocka_unit_test(the_namespaces_are_the_drives_exports),
		cmocka_unit_test(marks_may_go_elsewhere),
		cmocka_unit_test(user_data_is_escaped),
		cmocka_unit_test(a_path_that_is_not_utf8_does_not_crash),
		cmocka_unit_test(the_console_is_a_file_or_a_pty),
		cmocka_unit_test(qboot_is_used_where_it_is_installed),
		cmocka_unit_test(kvm_uses_the_hosts_cpu),
		cmocka_unit_test(finds_the_pty_of_a_running_domain),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
