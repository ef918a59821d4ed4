/* SPDX-License-Identifier: Apache-2.0 */
/* How TensorFlow Lite Micro speaks: until 2023 whole texts, since then a format and its arguments. */
#ifndef DEBUG_LOG_H
#define DEBUG_LOG_H

#include <cstdarg>
#include <cstddef>

extern "C" {
#ifdef FAKE_TFLM_OF_2023
void DebugLog(const char *text);
#else
void DebugLog(const char *format, va_list arguments);
int DebugVsnprintf(char *text, size_t size, const char *format, va_list arguments);
#endif
}

#endif
