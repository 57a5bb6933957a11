/*
 * Drives a headless Chromium: `browse URL` reads commands, a line each, and
 * answers on standard output.
 *
 *	eval EXPRESSION    its value: a string as it is, the rest as JSON
 *	key NAME           a key goes down and up: Tab, Enter, ArrowLeft, a, ...
 *	type TEXT          into what has the focus
 *	click EXPRESSION   with the mouse, where it says: [x, y] in the view
 *	media TYPE SCHEME  screen or print; light or dark
 *	size W H           of the view
 *	shot FILE [SELECTOR]  a PNG of the whole page, or of one element
 *	errors             how many errors the console has had; they are told on
 *	                   standard error
 *
 * Speaks the DevTools protocol over --remote-debugging-pipe: JSON, each message
 * ended by a NUL byte, in on descriptor 3 and out on 4.
 * $CHROMIUM is the browser, else "chromium"; what it writes goes to a folder in
 * $TMPDIR, which is removed. Exit: 0, or 1 where something failed.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/files.h"

#define ANSWER_MS 60000

static char *profile;
static pid_t child;
static int to_browser, from_browser;
static json_int_t last_id;
static json_t *session; /* of the page, once there is one */
static unsigned errors;
static bool loaded;

/* All of its processes, and what they wrote. */
static void clean_up(void)
{
	if (child > 0) {
		kill(-child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	rm_rf(profile, NULL);
}

static void die(const char *what)
{
	fprintf(stderr, "browse: %s\n", what);
	clean_up();
	exit(1);
}

/* ---- the browser ---- */

static void run_browser(int in, int out)
{
	const char *name = getenv("CHROMIUM");
	char *user = xasprintf("--user-data-dir=%s", profile);
	const char *const args[] = {
		name ? name : "chromium", "--headless=new",
		"--remote-debugging-pipe", "--no-sandbox", "--disable-gpu",
		"--no-first-run", "--disable-extensions", "--disable-sync",
		"--disable-background-networking", "--disable-dev-shm-usage",
		"--hide-scrollbars", "--force-color-profile=srgb", user,
		"about:blank", NULL
	};
	int quiet = open("/dev/null", O_WRONLY);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	setenv("HOME", profile, 1);
	setenv("XDG_RUNTIME_DIR", profile, 1);
	/* Through high numbers: in or out may be 3 or 4 itself. */
	in = fcntl(in, F_DUPFD, 20);
	out = fcntl(out, F_DUPFD, 20);
	dup2(in, 3);
	dup2(out, 4);
	dup2(quiet, 1);
	dup2(quiet, 2);
	execvp(args[0], (char *const *)args);
	_exit(127);
}

static void start(void)
{
	int in[2], out[2];

	if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
		die("cannot make a pipe");
	child = fork();
	if (child == 0)
		run_browser(in[0], out[1]);
	if (child < 0)
		die("cannot fork");
	setpgid(child, child);
	close(in[0]);
	close(out[1]);
	to_browser = in[1];
	from_browser = out[0];
}

/* ---- the protocol ---- */

static void send_message(json_t *message)
{
	CLEANUP_FREE char *text = json_dumps(message, JSON_COMPACT);
	size_t len = strlen(text) + 1, done = 0;

	while (done < len) {
		ssize_t n = write(to_browser, text + done, len - done);

		if (n < 0 && errno != EINTR)
			die("the browser does not listen");
		done += n > 0 ? (size_t)n : 0;
	}
	json_decref(message);
}

static struct buf pending = BUF_INIT;

static json_t *receive(void)
{
	for (;;) {
		struct pollfd p = { .fd = from_browser, .events = POLLIN };
		char *end = pending.len ?
			memchr(pending.data, '\0', pending.len) : NULL;
		char block[65536];
		ssize_t n;

		if (end) {
			json_t *message = json_loads(pending.data, 0, NULL);
			size_t used = (size_t)(end - pending.data) + 1;

			memmove(pending.data, pending.data + used,
				pending.len - used);
			pending.len -= used;
			return message;
		}
		if (poll(&p, 1, ANSWER_MS) <= 0)
			die("the browser does not answer");
		n = read(from_browser, block, sizeof(block));
		if (n <= 0)
			die("the browser has gone");
		buf_add(&pending, block, (size_t)n);
	}
}

static const char *string(json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

static void complain(json_t *params)
{
	CLEANUP_FREE char *text = json_dumps(params, JSON_COMPACT);

	fprintf(stderr, "browse: console: %s\n", text);
	errors++;
}

static void event(json_t *message)
{
	const char *method = string(message, "method");
	json_t *params = json_object_get(message, "params");
	json_t *entry = json_object_get(params, "entry");

	if (!strcmp(method, "Page.loadEventFired"))
		loaded = true;
	if (!strcmp(method, "Runtime.exceptionThrown") ||
	    (!strcmp(method, "Runtime.consoleAPICalled") &&
	     !strcmp(string(params, "type"), "error")) ||
	    (!strcmp(method, "Log.entryAdded") &&
	     !strcmp(string(entry, "level"), "error")))
		complain(params);
}

/* The result, owned by the caller. params is taken. */
static json_t *call(const char *method, json_t *params)
{
	json_t *message = json_pack("{s:I, s:s, s:o}", "id", ++last_id,
				    "method", method, "params",
				    params ? params : json_object());

	if (session)
		json_object_set(message, "sessionId", session);
	send_message(message);
	for (;;) {
		json_t *answer = receive(), *id, *result;

		id = json_object_get(answer, "id");
		if (!id)
			event(answer);
		if (!id || json_integer_value(id) != last_id) {
			json_decref(answer);
			continue;
		}
		result = json_incref(json_object_get(answer, "result"));
		if (!result) {
			complain(json_object_get(answer, "error"));
			die(method);
		}
		json_decref(answer);
		return result;
	}
}

static void order(const char *method, json_t *params)
{
	json_decref(call(method, params));
}

static void open_page(const char *url)
{
	json_t *target = call("Target.createTarget",
			      json_pack("{s:s}", "url", "about:blank"));
	json_t *attached = call("Target.attachToTarget",
				json_pack("{s:O, s:b}", "targetId",
					  json_object_get(target, "targetId"),
					  "flatten", 1));

	session = json_incref(json_object_get(attached, "sessionId"));
	json_decref(target);
	json_decref(attached);
	order("Page.enable", NULL);
	order("Runtime.enable", NULL);
	order("Log.enable", NULL);
	order("Emulation.setDeviceMetricsOverride",
	      json_pack("{s:i, s:i, s:i, s:b}", "width", 1200, "height", 900,
			"deviceScaleFactor", 1, "mobile", 0));
	order("Page.navigate", json_pack("{s:s}", "url", url));
	while (!loaded) {
		json_t *message = receive();

		event(message);
		json_decref(message);
	}
}

/* ---- the commands ---- */

static json_t *evaluate(const char *expression)
{
	json_t *result = call("Runtime.evaluate",
			      json_pack("{s:s, s:b, s:b}", "expression",
					expression, "returnByValue", 1,
					"awaitPromise", 1));
	json_t *thrown = json_object_get(result, "exceptionDetails");
	json_t *value = json_incref(json_object_get(
		json_object_get(result, "result"), "value"));

	if (thrown)
		complain(thrown);
	json_decref(result);
	return value;
}

/* What was asked for is drawn in the next frame but one, at the latest. */
static void settle(void)
{
	json_decref(evaluate("new Promise(r => requestAnimationFrame(() => "
			     "requestAnimationFrame(() => r(0))))"));
}

static void do_eval(const char *expression)
{
	json_t *value = evaluate(expression);

	if (json_is_string(value)) {
		puts(json_string_value(value));
	} else {
		CLEANUP_FREE char *text =
			value ? json_dumps(value, JSON_ENCODE_ANY) : NULL;

		puts(text ? text : "undefined");
	}
	json_decref(value);
}

static void key_event(const char *type, const char *name, int code,
		      const char *text)
{
	order("Input.dispatchKeyEvent",
	      json_pack("{s:s, s:s, s:s, s:i, s:s}", "type", type, "key", name,
			"code", name, "windowsVirtualKeyCode", code, "text",
			text));
}

static void do_key(const char *name)
{
	static const struct { const char *name; int code; } codes[] = {
		{ "Tab", 9 }, { "Enter", 13 }, { "Escape", 27 }, { "End", 35 },
		{ "Home", 36 }, { "ArrowLeft", 37 }, { "ArrowUp", 38 },
		{ "ArrowRight", 39 }, { "ArrowDown", 40 },
	};
	const char *text = !strcmp(name, "Enter") ? "\r" :
			   name[1] ? "" : name;
	int code = 0;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (!strcmp(codes[i].name, name))
			code = codes[i].code;
	key_event(*text ? "keyDown" : "rawKeyDown", name, code, text);
	key_event("keyUp", name, code, "");
	settle();
}

static void mouse(const char *type, double x, double y, int clicks)
{
	order("Input.dispatchMouseEvent",
	      json_pack("{s:s, s:f, s:f, s:s, s:i}", "type", type, "x", x, "y",
			y, "button", clicks ? "left" : "none", "clickCount",
			clicks));
}

static void do_click(const char *where)
{
	json_t *at = evaluate(where);
	double x = json_number_value(json_array_get(at, 0));
	double y = json_number_value(json_array_get(at, 1));

	json_decref(at);
	mouse("mouseMoved", x, y, 0);
	mouse("mousePressed", x, y, 1);
	mouse("mouseReleased", x, y, 1);
	settle();
}

static void do_media(const char *line)
{
	char type[16] = "", scheme[16] = "";

	sscanf(line, "%15s %15s", type, scheme);
	order("Emulation.setEmulatedMedia",
	      json_pack("{s:s, s:[{s:s, s:s}]}", "media", type, "features",
			"name", "prefers-color-scheme", "value", scheme));
	settle();
}

static void do_size(const char *line)
{
	int w = 0, h = 0;

	sscanf(line, "%d %d", &w, &h);
	order("Emulation.setDeviceMetricsOverride",
	      json_pack("{s:i, s:i, s:i, s:b}", "width", w, "height", h,
			"deviceScaleFactor", 1, "mobile", 0));
	settle();
}

/* RFC 4648, section 4. */
static void decode(const char *text, struct buf *ret)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	uint32_t bits = 0;
	int have = 0;

	for (; *text && *text != '='; text++) {
		bits = bits << 6 | (uint32_t)(strchr(digits, *text) - digits);
		have += 6;
		if (have >= 8) {
			unsigned char byte = (unsigned char)(bits >> (have - 8));

			buf_add(ret, &byte, 1);
			have -= 8;
		}
	}
}

static json_t *place_of(const char *selector)
{
	CLEANUP_FREE char *expression = xasprintf(
		"(b => ({x: b.x + scrollX, y: b.y + scrollY, width: b.width, "
		"height: b.height, scale: 1}))"
		"(document.querySelector(\"%s\").getBoundingClientRect())",
		*selector ? selector : "html");

	return evaluate(expression);
}

static void do_shot(const char *line)
{
	CLEANUP_FREE char *file = xstrdup(line);
	char *selector = file + strcspn(file, " ");
	CLEANUP_BUF struct buf png = BUF_INIT;
	json_t *result;

	if (*selector)
		*selector++ = '\0';
	result = call("Page.captureScreenshot",
		      json_pack("{s:s, s:b, s:o}", "format", "png",
				"captureBeyondViewport", 1, "clip",
				place_of(selector)));
	decode(string(result, "data"), &png);
	json_decref(result);
	if (file_write(file, png.data, png.len, NULL) < 0)
		die("cannot write the picture");
}

static void do_type(const char *text)
{
	order("Input.insertText", json_pack("{s:s}", "text", text));
	settle();
}

static void do_errors(const char *none)
{
	(void)none;
	printf("%u\n", errors);
}

static void command(char *line)
{
	static const struct {
		const char *name;
		void (*run)(const char *rest);
	} commands[] = {
		{ "eval", do_eval },   { "key", do_key },
		{ "type", do_type },   { "click", do_click },
		{ "media", do_media }, { "size", do_size },
		{ "shot", do_shot },   { "errors", do_errors },
	};
	char *rest = line + strcspn(line, " ");

	if (*rest)
		*rest++ = '\0';
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, line))
			continue;
		commands[i].run(rest);
		fflush(stdout);
		return;
	}
	die("no such command");
}

int main(int argc, char **argv)
{
	const char *tmp = getenv("TMPDIR");
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	signal(SIGPIPE, SIG_IGN);
	profile = xasprintf("%s/browse-XXXXXX", tmp ? tmp : "/tmp");
	if (argc != 2 || !mkdtemp(profile)) {
		fprintf(stderr, "usage: browse URL <COMMANDS\n");
		return 1;
	}
	start();
	open_page(argv[1]);
	while ((len = getline(&line, &size, stdin)) > 0) {
		line[len - 1] = '\0';
		if (*line && *line != '#')
			command(line);
	}
	clean_up();
	free(line);
	free(profile);
	buf_free(&pending);
	json_decref(session);
	return 0;
}
