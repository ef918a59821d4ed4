/* SPDX-License-Identifier: Apache-2.0 */
/* The self-test at boot: the model's golden clip, made from its seed, goes through front-end and model.
 *
 * The expected result is in the generated kws_settings.h: the CRC of the features and the scores, as the host computed
 * them when the model was made. Wrong kernels, tables or weights show here, without a host.
 */
#ifndef KWS_SELF_TEST_H
#define KWS_SELF_TEST_H

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Runs it; the pipeline is reset before and after, its events are ignored meanwhile. `engine_runs`: kws_pipeline_init()
 * found nothing wrong. */
void kws_self_test_run(bool engine_runs);

/* For the banner: "ok"; "features" or "scores": the first that is wrong; "engine": the model did not start or run;
 * "none": the model has no golden clip to be made from a seed. */
const char *kws_self_test_result(void);

#ifdef __cplusplus
}
#endif
#endif
