/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a model that was lowered to calls of the aot engine's kernels (kws_nn.h), without compiling it: the host's
 * interpreter. The calls, in the order in which model_aot.c would make them, are an array of steps.
 *
 * Everything is checked before: tinykws/aot proves shapes, ranges and sums, and places each buffer in the arena. A plan is
 * never written to, so threads may share one; each needs its own arena.
 */
#ifndef KWS_PLAN_H
#define KWS_PLAN_H

#include <stddef.h>
#include <stdint.h>

/* Most operands of a kernel besides its parameters. */
#define KWS_PLAN_OPERANDS 5

/* Bytes that a kernel reads or writes: a constant, or a place in the arena. */
typedef struct {
    const int8_t *constant; /* NULL: in the arena */
    uint32_t offset;        /* in the arena */
    uint32_t copies;        /* 1, or more that inferences use in turn, `copy_bytes` apart */
    uint32_t copy_bytes;
} kws_plan_operand;

typedef struct {
    int32_t kernel; /* index of kws_plan_kernels */
    int32_t size;   /* of a kws_nn_move */
    const void *params;
    kws_plan_operand operands[KWS_PLAN_OPERANDS]; /* inputs, output, scratch memory */
} kws_plan_step;

typedef struct {
    const kws_plan_step *steps;
    size_t n_steps;
    uint32_t copies; /* inferences after which every operand with copies is at its first one again */
    uint32_t input;  /* offset in the arena */
    uint32_t input_bytes;
    uint32_t output;
    uint32_t output_bytes;
} kws_plan;

/* Names of the kernels; NULL after the last one. */
extern const char *const kws_plan_kernels[];

/* Computes the outputs int8 [count, output_bytes] of model inputs that begin `input_step` bytes after each other. For
 * whole-window plans. */
void kws_plan_run_windows(const kws_plan *plan, int8_t *arena, const int8_t *inputs, size_t input_step, size_t count,
                          int8_t *outputs);

/* The same along a stream, for streaming plans: from an arena of zeros, the model input moves on by `step` bytes, then an
 * inference runs; the first `skipped` of them give no output. `stream` holds (skipped + count) * step bytes. */
void kws_plan_run_stream(const kws_plan *plan, int8_t *arena, const int8_t *stream, size_t step, size_t skipped,
                         size_t count, int8_t *outputs);

#endif
