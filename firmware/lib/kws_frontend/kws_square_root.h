/* SPDX-License-Identifier: Apache-2.0 */
/* The square root of whole numbers. */
#ifndef KWS_SQUARE_ROOT_H
#define KWS_SQUARE_ROOT_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The square root, rounded to nearest, except that roots of 32-bit values stop at 0xFFFF and those of larger values at
 * 0xFFFFFFFF. */
uint32_t kws_square_root(uint64_t value);

#ifdef __cplusplus
}
#endif
#endif
