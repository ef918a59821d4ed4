/* SPDX-License-Identifier: Apache-2.0 */
/* What programs that measure themselves share: telling a number, counting known loops, and the deepest stack. */
#ifndef MEASURING_H
#define MEASURING_H

#include "kws_text.h"
#include "machine.h"

/* The serial line. */
extern kws_text measuring_out;

/* "name number" on a line of its own. */
void measuring_tell(const char *name, uint32_t number);

/* Starts the machine and tells what loops of known length count. Returns the instructions that measuring itself takes. */
uint32_t measuring_begin(void);

/* Paints the stack from the caller's own part down; then finds how deep it was used since, in bytes from its top. */
void measuring_paint_stack(void);
uint32_t measuring_deepest_stack(void);

#endif
