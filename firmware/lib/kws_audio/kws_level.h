/* SPDX-License-Identifier: Apache-2.0 */
/* Sound level: the largest sample and the root mean square.
 *
 *     kws_level level = {0};
 *     kws_level_add(&level, samples, count);      // for each block of samples
 *     rms = kws_level_rms(&level);                // 32768: full scale; 20 log10(rms / 32768) is dB of full scale
 */
#ifndef KWS_LEVEL_H
#define KWS_LEVEL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Zero it to start again. Holds up to 2^32 samples: three days. */
typedef struct {
    uint32_t loudest; /* largest magnitude, 0 to 32768 */
    uint32_t count;
    uint64_t squares; /* their sum */
} kws_level;

void kws_level_add(kws_level *level, const int16_t *samples, size_t count);

/* The root of the mean of the squares, rounded down; 0 without samples. */
uint32_t kws_level_rms(const kws_level *level);

#ifdef __cplusplus
}
#endif
#endif
