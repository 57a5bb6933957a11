/* Does a document have the shape that a cyaml schema asks for? */
#ifndef SCENARIO_MATCH_H
#define SCENARIO_MATCH_H

#include <cyaml/cyaml.h>

#include "scenario/document.h"

/*
 * 0: cyaml_load_data will take it. -EINVAL: the error says where and why, what
 * was expected, and the nearest word. Understands the schema types MAPPING,
 * SEQUENCE, STRING and ENUM; an entry of another type is a programmer error.
 */
int document_match(struct document *d, const cyaml_schema_value_t *schema,
		   struct error *e);

#endif
