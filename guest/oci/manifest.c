#include "guest/oci/manifest.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/cleanup.h"
#include "common/error.h"
#include "guest/oci/outer.h"

#define ARCHITECTURE "amd64"
#define INDEX_DEPTH 4

static void json_free(json_t **j)
{
	json_decref(*j);
}
#define CLEANUP_JSON __attribute__((cleanup(json_free)))

static int read_json(const struct outer *o, const char *name, json_t **ret,
		     struct error *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT;
	json_error_t why;
	int err = outer_read(o, name, &text, e);

	if (err)
		return err;
	*ret = json_loadb(buf_text(&text), text.len, JSON_REJECT_DUPLICATES,
			  &why);
	if (*ret)
		return 0;
	return error_set(e, EBADMSG, "%s: %s is not JSON: line %d: %s", o->path,
			 name, why.line, why.text);
}

static int not_an_image(const struct outer *o, const char *name,
			const char *what, struct error *e)
{
	return error_set(e, EBADMSG, "%s: %s has no %s", o->path, name, what);
}

/* image-spec, descriptor.md: sha256:HEX is the file blobs/sha256/HEX. Caller
 * frees; NULL: it is none. */
static char *blob(const json_t *descriptor)
{
	const char *digest =
		json_string_value(json_object_get(descriptor, "digest"));
	const char *hex = digest ? strchr(digest, ':') : NULL;

	if (!hex || strspn(hex + 1, "0123456789abcdef") != strlen(hex + 1))
		return NULL;
	return xasprintf("blobs/%.*s/%s", (int)(hex - digest), digest, hex + 1);
}

static void add_layer(struct manifest *m, char *name)
{
	m->layers = xrealloc(m->layers,
			     (m->n_layers + 1) * sizeof(*m->layers));
	m->layers[m->n_layers++] = name;
}

static void take_config(const json_t *config, struct manifest *m)
{
	const json_t *own = json_object_get(config, "config");
	const json_t *env = json_object_get(own, "Env");
	const char *folder =
		json_string_value(json_object_get(own, "WorkingDir"));

	m->environment = xcalloc(json_array_size(env) + 1, sizeof(char *));
	for (size_t i = 0; i < json_array_size(env); i++) {
		const char *one = json_string_value(json_array_get(env, i));

		if (one)
			m->environment[m->n_environment++] = xstrdup(one);
	}
	if (folder && *folder)
		m->folder = xstrdup(folder);
}

static int read_config(const struct outer *o, const char *name,
		       struct manifest *m, struct error *e)
{
	CLEANUP_JSON json_t *config = NULL;
	int err = name ? read_json(o, name, &config, e) :
			 not_an_image(o, "the manifest", "config", e);

	if (!err)
		take_config(config, m);
	return err;
}

static int read_docker(const struct outer *o, const json_t *all,
		       struct manifest *m, struct error *e)
{
	const json_t *one = json_array_get(all, 0);
	const json_t *layers = json_object_get(one, "Layers");

	if (json_array_size(all) != 1)
		return error_set(e, EINVAL, "%s holds %zu images; expected one",
				 o->path, json_array_size(all));
	for (size_t i = 0; i < json_array_size(layers); i++) {
		const char *name = json_string_value(json_array_get(layers, i));

		if (!name)
			return not_an_image(o, "manifest.json", "Layers", e);
		add_layer(m, xstrdup(name));
	}
	return read_config(o, json_string_value(json_object_get(one, "Config")),
			   m, e);
}

/* An attestation has the platform unknown; what has none is the only one. */
static int fits(const json_t *descriptor)
{
	const json_t *platform = json_object_get(descriptor, "platform");
	const char *os = json_string_value(json_object_get(platform, "os"));
	const char *arch = json_string_value(json_object_get(platform,
							     "architecture"));

	return !platform || (os && arch && !strcmp(os, "linux") &&
			     !strcmp(arch, ARCHITECTURE));
}

static char *choose(const json_t *manifests)
{
	for (size_t i = 0; i < json_array_size(manifests); i++)
		if (fits(json_array_get(manifests, i)))
			return blob(json_array_get(manifests, i));
	return NULL;
}

static int read_oci(const struct outer *o, const char *name, int depth,
		    struct manifest *m, struct error *e)
{
	CLEANUP_JSON json_t *j = NULL;
	CLEANUP_FREE char *next = NULL, *config = NULL;
	const json_t *layers, *manifests;
	int err = read_json(o, name, &j, e);

	if (err)
		return err;
	manifests = json_object_get(j, "manifests");
	layers = json_object_get(j, "layers");
	if (manifests) {
		next = choose(manifests);
		return next && depth < INDEX_DEPTH ?
			       read_oci(o, next, depth + 1, m, e) :
			       not_an_image(o, name, "image for linux/"
					    ARCHITECTURE, e);
	}
	for (size_t i = 0; i < json_array_size(layers); i++) {
		char *layer = blob(json_array_get(layers, i));

		if (!layer)
			return not_an_image(o, name, "digest of a layer", e);
		add_layer(m, layer);
	}
	config = blob(json_object_get(j, "config"));
	return read_config(o, config, m, e);
}

static int read_either(const struct outer *o, struct manifest *m,
		       struct error *e)
{
	CLEANUP_JSON json_t *docker = NULL;
	int err = read_json(o, "manifest.json", &docker, e);

	if (!err)
		return read_docker(o, docker, m, e);
	if (err == -ENOENT)
		err = read_oci(o, "index.json", 0, m, e);
	if (err == -ENOENT && !m->n_layers)
		error_set(e, ENOENT, "%s has neither manifest.json (docker "
			  "save) nor index.json (OCI)", o->path);
	return err;
}

int manifest_read(const struct outer *o, struct manifest *ret, struct error *e)
{
	struct manifest m = { 0 };
	int err = read_either(o, &m, e);

	if (!err && !m.n_layers)
		err = error_set(e, EBADMSG, "%s: its image has no layers",
				o->path);
	if (err)
		manifest_release(&m);
	else
		*ret = m;
	return err;
}

void manifest_release(struct manifest *m)
{
	for (size_t i = 0; i < m->n_layers; i++)
		free(m->layers[i]);
	for (size_t i = 0; i < m->n_environment; i++)
		free(m->environment[i]);
	free(m->layers);
	free(m->environment);
	free(m->folder);
	*m = (struct manifest){ 0 };
}
