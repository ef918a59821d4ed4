/* SPDX-License-Identifier: Apache-2.0 */
/* In a file of its own, as in TFLM: linked only where a program brings no DebugLog(). */
#include "tensorflow/lite/micro/debug_log.h"

#include <cstdio>

extern "C" {
#ifdef FAKE_TFLM_OF_2023
void DebugLog(const char *text) { fputs(text, stderr); }
#else
void DebugLog(const char *format, va_list arguments) { vfprintf(stderr, format, arguments); }
int DebugVsnprintf(char *text, size_t size, const char *format, va_list arguments) {
  return vsnprintf(text, size, format, arguments);
}
#endif
}
