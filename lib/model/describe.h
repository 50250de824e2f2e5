/* SPDX-License-Identifier: MIT */
/*
 * describe.h - what a model is, for people and as JSON: its file, inputs, outputs, operators in
 * their order with their sizes, and what of it is int8.
 */
#ifndef UMM_MODEL_DESCRIBE_H
#define UMM_MODEL_DESCRIBE_H

#include "format/json.h"
#include "model/model.h"
#include "text/textbuf.h"

/* Add lines of text, which begin with the file's format. */
void umm_model_describe_text(const struct umm_model *model, struct umm_textbuf *out);

/* Members of an object; NULL as in format/json.h. */
void umm_model_describe_json(const struct umm_model *model, struct umm_json *object);

#endif
