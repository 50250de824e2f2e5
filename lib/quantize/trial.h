/* SPDX-License-Identifier: MIT */
/*
 * trial.h - one way of quantising, carried out: the bytes of the file, and what they answer.
 */
#ifndef UMM_QUANTIZE_TRIAL_H
#define UMM_QUANTIZE_TRIAL_H

#include "quantize/build.h"
#include "quantize/judge.h"

/* What all ways have in common. The rows are held out; floats are the float model's answers. */
struct umm_quantize_subject {
    const struct umm_graph *graph;
    struct umm_quantize_layers *layers;
    const struct umm_quantize_ranges *ranges;
    enum umm_modelfile_format format;
    const char *output;                /* the file, for messages */
    struct umm_quantize_recipe recipe; /* the method is the trial's */
    const struct umm_quantize_rows *rows;
    const float *floats;
    struct umm_quantize_decision decision;
};

/* One of them. All zero is none. */
struct umm_quantize_trial {
    struct umm_quantize_try result;
    struct umm_quantize_built built;
    void *bytes;
    size_t len_bytes;
    float *answers;
};

/* Build, write into memory, read again, and run the held-out rows. Free it after any call. */
UMM_MUST_USE enum umm_status umm_quantize_trial_run(const struct umm_quantize_subject *subject,
                                                    enum umm_quantize_method method,
                                                    bool is_first_float, struct umm_run *run,
                                                    struct umm_quantize_trial *trial,
                                                    struct umm_error *err);
void umm_quantize_trial_free(struct umm_quantize_trial *trial);

/* The answers of a trial beside those of floats. */
struct umm_quantize_answers umm_quantize_answers_of(const struct umm_quantize_subject *subject,
                                                    const struct umm_quantize_trial *trial);

#endif
