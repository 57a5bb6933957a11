/*
 * The domain XML: the smallest machine that boots a kernel directly and has
 * one serial console, one virtio-serial port and the drive: its two exports,
 * disk and marks, on the bus that the scenario asks for.
 *
 * libvirt (up to 9.0 at least) knows no emulated NVMe disk, so the controller
 * stands in <qemu:commandline> at a fixed PCI slot that libvirt does not
 * reach. ACPI must be on, or the guest takes long to come up. Nothing is
 * pasted: XML by libxml2, block devices as JSON by jansson, and what stands
 * in QEMU's option syntax (commas!) is only numbers and words of ours.
 *
 * Measured under TCG, libvirt call to agent: i440FX 2.7 s, Q35 2.65 s, with
 * qboot instead of SeaBIOS and no PCIe root ports 2.45 s, without libvirt's
 * questions about the CPU (below) 1.95 s.
 */
#include "vm/domain.h"

#include <jansson.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <libxml/xpath.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "guest/include/mark-block.h"
#include "guest/init/protocol.h"
#include "vm/vm.h"

#define QEMU_NS "http://libvirt.org/schemas/domain/qemu/1.0"

/* On the root bus, so that libvirt adds no root ports for the guest to find.
 * libvirt itself counts slots up from 1. */
#define NVME_DEVICE "nvme,id=nv0,serial=powercut,bus=pcie.0,addr=0x10"
#define SCSI_DEVICE "virtio-scsi-pci,id=scsi0,bus=pcie.0,addr=0x10"
#define NBD_SECTORS_MAX 65536u /* QEMU: include/block/nbd.h, 32 MiB */
#define VIRTIO_SLOT 0x12 /* of the disk; the marks are in the next one */
#define IMAGE_SLOT "0x14"
#define SERIAL_SLOT "0x11"

/* Adds <name a="b"...>text</name>; then pairs of attribute and value up to
 * NULL. */
__attribute__((sentinel))
static xmlNode *add(xmlNode *parent, const char *name, const char *text, ...)
{
	xmlNode *node = xmlNewTextChild(parent, NULL, BAD_CAST name,
					BAD_CAST text);
	const char *attribute;
	va_list ap;

	va_start(ap, text);
	while ((attribute = va_arg(ap, const char *)))
		xmlNewProp(node, BAD_CAST attribute,
			   BAD_CAST va_arg(ap, const char *));
	va_end(ap);
	return node;
}

/* What PID 1 must know is said on the kernel's command line, too; nvme and the
 * kernel's own scheduler need no word (guest/init/protocol.h). */
static void add_cmdline(xmlNode *os, const struct vm_config *c,
			const struct domain_host *h)
{
	static const char *const buses[] = {
		[BUS_NVME] = "",
		[BUS_VIRTIO] = " " PARAMETER_BUS "virtio",
		[BUS_SCSI] = " " PARAMETER_BUS "scsi",
	};
	CLEANUP_BUF struct buf text = BUF_INIT;

	buf_printf(&text, "%s%s", c->cmdline ? c->cmdline : "", buses[c->bus]);
	if (c->scheduler)
		buf_printf(&text, " " PARAMETER_SCHEDULER "%s", c->scheduler);
	if (c->image)
		buf_puts(&text, " " PARAMETER_IMAGE "erofs");
	/* vm/tsc.c says why */
	if (h->tsc_khz && h->accel == ACCEL_TCG)
		buf_printf(&text, " tsc_early_khz=%llu",
			   (unsigned long long)h->tsc_khz);
	if (text.len)
		add(os, "cmdline", text.data, NULL);
}

static void add_os(xmlNode *domain, const struct vm_config *c,
		   const struct domain_host *h)
{
	xmlNode *os = add(domain, "os", NULL, NULL);

	add(os, "type", "hvm", "arch", "x86_64", "machine", "q35", NULL);
	if (h->firmware)
		add(os, "loader", h->firmware, "type", "rom", NULL);
	add(os, "kernel", c->kernel, NULL);
	add(os, "initrd", c->initrd, NULL);
	add_cmdline(os, c, h);
}

/* rdrand: else the kernel waits for entropy. check none: TCG need not have
 * what the model has on paper. */
static void add_cpu(xmlNode *domain, enum accel accel)
{
	xmlNode *cpu;

	if (accel == ACCEL_KVM) {
		add(domain, "cpu", NULL, "mode", "host-passthrough", NULL);
		return;
	}
	cpu = add(domain, "cpu", NULL, "mode", "custom", "match", "exact",
		  "check", "none", NULL);
	add(cpu, "model", "qemu64", "fallback", "forbid", NULL);
	add(cpu, "feature", NULL, "policy", "require", "name", "rdrand", NULL);
}

static void add_platform(xmlNode *domain, enum accel accel)
{
	xmlNode *features = add(domain, "features", NULL, NULL);
	xmlNode *clock;

	add(features, "acpi", NULL, NULL);
	add(features, "apic", NULL, NULL);
	add_cpu(domain, accel);
	clock = add(domain, "clock", NULL, "offset", "utc", NULL);
	add(clock, "timer", NULL, "name", "hpet", "present", "no", NULL);
	/* A guest that stops, for whatever reason, is gone. */
	add(domain, "on_poweroff", "destroy", NULL);
	add(domain, "on_reboot", "destroy", NULL);
	add(domain, "on_crash", "destroy", NULL);
}

static void add_console(xmlNode *devices, const struct vm_config *c)
{
	xmlNode *serial = add(devices, "serial", NULL, "type",
			      c->interactive ? "pty" : "file", NULL);

	if (!c->interactive)
		add(serial, "source", NULL, "path", c->console, "append", "on",
		    NULL);
	add(serial, "target", NULL, "port", "0", NULL);
}

static void add_agent(xmlNode *devices, const char *socket)
{
	xmlNode *controller, *channel;

	controller = add(devices, "controller", NULL, "type", "virtio-serial",
			 "index", "0", NULL);
	add(controller, "address", NULL, "type", "pci", "domain", "0x0000",
	    "bus", "0x00", "slot", SERIAL_SLOT, "function", "0x0", NULL);
	channel = add(devices, "channel", NULL, "type", "unix", NULL);
	add(channel, "source", NULL, "mode", "bind", "path", socket, NULL);
	add(channel, "target", NULL, "type", "virtio", "name", AGENT_PORT,
	    NULL);
}

static void add_devices(xmlNode *domain, const struct vm_config *c,
			const struct domain_host *h)
{
	xmlNode *devices = add(domain, "devices", NULL, NULL);

	add(devices, "controller", NULL, "type", "usb", "model", "none", NULL);
	add_console(devices, c);
	add_agent(devices, h->agent_socket);
	add(devices, "memballoon", NULL, "model", "none", NULL);
}

static void add_arg(xmlNode *commandline, const char *value)
{
	xmlNode *arg = xmlNewChild(commandline, commandline->ns,
				   BAD_CAST "arg", NULL);

	xmlNewProp(arg, BAD_CAST "value", BAD_CAST value);
}

static void add_option(xmlNode *commandline, const char *name,
		       const char *value)
{
	add_arg(commandline, name);
	add_arg(commandline, value);
}

/* One export of the drive, as a node of QEMU's. */
static void add_export(xmlNode *commandline, const char *socket,
		       const char *export)
{
	json_t *j = json_pack("{s:s, s:s, s:s, s:s, s:{s:s, s:s}}",
			      "driver", "nbd", "node-name", export, "export",
			      export, "discard", "unmap", "server", "type",
			      "unix", "path", socket);
	CLEANUP_FREE char *blockdev = json_dumps(j, JSON_COMPACT);

	json_decref(j);
	/* NULL for a path that is not UTF-8; libvirt will refuse the value. */
	add_option(commandline, "-blockdev", blockdev ? blockdev : "");
}

/*
 * The device in front of an export; number: 1 is the disk, 2 the marks.
 *
 * virtio-blk: QEMU would join requests that follow each other on the disk
 * (hw/block/virtio-blk.c, submit_requests); the drive must see them as the
 * guest sent them, and take apart what is too long for NBD. It has no FUA, the
 * kernel flushes instead.
 * scsi: dpofua, or the kernel would believe that there is no FUA.
 */
static char *device_of(enum bus bus, const char *export, int number,
		       uint32_t block)
{
	if (bus == BUS_VIRTIO)
		return xasprintf("virtio-blk-pci,drive=%s,serial=powercut-%s,"
				 "bus=pcie.0,addr=%#x,write-cache=on,"
				 "request-merging=off,"
				 "max-write-zeroes-sectors=%u,"
				 "max-discard-sectors=%u,logical_block_size=%u,"
				 "physical_block_size=%u", export, export,
				 VIRTIO_SLOT + number - 1, NBD_SECTORS_MAX,
				 NBD_SECTORS_MAX, block, block);
	if (bus == BUS_SCSI)
		return xasprintf("scsi-hd,bus=scsi0.0,drive=%s,scsi-id=0,"
				 "lun=%d,serial=powercut-%s,write-cache=on,"
				 "dpofua=on,logical_block_size=%u,"
				 "physical_block_size=%u", export, number - 1,
				 export, block, block);
	return xasprintf("nvme-ns,bus=nv0,drive=%s,nsid=%d,"
			 "logical_block_size=%u,physical_block_size=%u",
			 export, number, block, block);
}

static void add_disk(xmlNode *commandline, enum bus bus, const char *socket,
		     const char *export, int number, uint32_t block)
{
	CLEANUP_FREE char *device = device_of(bus, export, number, block);

	add_export(commandline, socket, export);
	add_option(commandline, "-device", device);
}

/*
 * The image, whatever the drive's bus is. All guests have the same file open,
 * and only read it.
 */
static void add_image(xmlNode *commandline, const char *path)
{
	json_t *j = json_pack("{s:s, s:s, s:b, s:{s:s, s:s}}",
			      "driver", "raw", "node-name", "image",
			      "read-only", 1, "file", "driver", "file",
			      "filename", path);
	CLEANUP_FREE char *blockdev = json_dumps(j, JSON_COMPACT);

	json_decref(j);
	add_option(commandline, "-blockdev", blockdev ? blockdev : "");
	add_option(commandline, "-device",
		   "virtio-blk-pci,drive=image,serial=" IMAGE_SERIAL
		   ",bus=pcie.0,addr=" IMAGE_SLOT);
}

static void add_commandline(xmlNode *domain, xmlNs *ns,
			    const struct vm_config *c,
			    const struct domain_host *h)
{
	xmlNode *commandline = xmlNewChild(domain, ns, BAD_CAST "commandline",
					   NULL);

	if (h->pidfile)
		add_option(commandline, "-pidfile", h->pidfile);
	if (c->bus == BUS_NVME)
		add_option(commandline, "-device",
			   h->dbcs ? NVME_DEVICE ",dbcs=off" : NVME_DEVICE);
	else if (c->bus == BUS_SCSI)
		add_option(commandline, "-device", SCSI_DEVICE);
	add_disk(commandline, c->bus, c->nbd_socket, "disk", 1, c->block);
	add_disk(commandline, c->bus,
		 c->marks_socket ? c->marks_socket : c->nbd_socket, "marks", 2,
		 MARK_BLOCK_SIZE);
	if (c->image)
		add_image(commandline, c->image);
}

/*
 * Before it starts the guest, libvirt asks for each of the CPU's 400 features
 * in turn, for 0.5 to 0.7 s, to write them into the domain's description.
 * Without this capability of QEMU it asks for the two old feature words.
 */
static void add_capabilities(xmlNode *domain, xmlNs *ns)
{
	xmlNode *list = xmlNewChild(domain, ns, BAD_CAST "capabilities", NULL);
	xmlNode *del = xmlNewChild(list, ns, BAD_CAST "del", NULL);

	xmlNewProp(del, BAD_CAST "capability",
		   BAD_CAST "cpu-unavailable-features");
}

char *domain_xml(const struct vm_config *c, const struct domain_host *h)
{
	CLEANUP_FREE char *memory =
		xasprintf("%llu", (unsigned long long)c->memory);
	xmlDoc *doc = xmlNewDoc(BAD_CAST "1.0");
	xmlNode *domain = xmlNewDocNode(doc, NULL, BAD_CAST "domain", NULL);
	xmlChar *text = NULL;
	xmlNs *ns;
	char *copy;
	int len;

	xmlDocSetRootElement(doc, domain);
	xmlNewProp(domain, BAD_CAST "type",
		   BAD_CAST (h->accel == ACCEL_KVM ? "kvm" : "qemu"));
	add(domain, "name", c->name, NULL);
	add(domain, "memory", memory, "unit", "b", NULL);
	add(domain, "vcpu", "1", NULL);
	add_os(domain, c, h);
	add_platform(domain, h->accel);
	add_devices(domain, c, h);
	ns = xmlNewNs(domain, BAD_CAST QEMU_NS, BAD_CAST "qemu");
	add_commandline(domain, ns, c, h);
	add_capabilities(domain, ns);
	xmlDocDumpFormatMemoryEnc(doc, &text, &len, "UTF-8", 1);
	xmlFreeDoc(doc);
	copy = xstrdup(text ? (const char *)text : "");
	xmlFree(text);
	return copy;
}

char *domain_pty(const char *xml)
{
	xmlDoc *doc = xmlReadMemory(xml, (int)strlen(xml), NULL, NULL,
				    XML_PARSE_NONET |
				    XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
	xmlXPathContext *context = doc ? xmlXPathNewContext(doc) : NULL;
	xmlXPathObject *found = context ? xmlXPathEvalExpression(
		BAD_CAST "string(/domain/devices/serial[@type='pty']"
		"/source/@path)", context) : NULL;
	char *path = NULL;

	if (found && found->stringval && *found->stringval)
		path = xstrdup((const char *)found->stringval);
	xmlXPathFreeObject(found);
	xmlXPathFreeContext(context);
	xmlFreeDoc(doc);
	return path;
}
