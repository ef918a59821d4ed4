/* SPDX-License-Identifier: Apache-2.0 */
/* A TensorFlow Lite Micro that computes nothing of use: it loads, fails and complains as the environment variable
 * FAKE_TFLM says (`needs=3000 counts=2900 input=scale`), and ends the program where it is used in a way that would crash
 * the real one.
 */
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tensorflow/lite/micro/debug_log.h"
#include "tensorflow/lite/micro/micro_interpreter.h"

namespace {

constexpr int kInputBytes = 160; /* as tests/tiny_model.py */
constexpr int kOutputBytes = 3;
constexpr float kInputScale = 26.0f / 255;
constexpr float kOutputScale = 1.0f / 256;

/* Returns the value of `name=` in FAKE_TFLM, "" where there is none. */
const char *setting(const char *name) {
  static char value[64];
  const size_t length = strlen(name);
  value[0] = '\0';
  for (const char *at = getenv("FAKE_TFLM"); at != nullptr && *at != '\0'; at += strspn(at, " ")) {
    const size_t word = strcspn(at, " ");
    if (strncmp(at, name, length) == 0 && at[length] == '=') {
      snprintf(value, sizeof value, "%.*s", static_cast<int>(word - length - 1), at + length + 1);
    }
    at += word;
  }
  return value;
}

bool is(const char *name, const char *value) { return strcmp(setting(name), value) == 0; }

size_t number(const char *name, size_t otherwise) {
  const char *text = setting(name);
  return *text == '\0' ? otherwise : strtoul(text, nullptr, 10);
}

void say(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
#ifdef FAKE_TFLM_OF_2023
  char text[256];
  vsnprintf(text, sizeof text, format, arguments);
  DebugLog(text);
#else
  DebugLog(format, arguments);
#endif
  va_end(arguments);
}

void must(bool is_so, const char *rule) {
  if (!is_so) {
    fprintf(stderr, "TFLM is misused: %s\n", rule);
    abort();
  }
}

/* A tensor of the tests' model, but for what is to be wrong with it. */
TfLiteTensor tensor(const char *name, int bytes, float scale, uint8_t *data) {
  static TfLiteIntArray dims[4];
  const int kind = is(name, "dims") ? 1 : is(name, "rank") ? 2 : 0;
  TfLiteIntArray &of_this = dims[2 * (*name == 'o')];
  TfLiteTensor made;
  of_this = kind == 2 ? TfLiteIntArray{3, {1, 1, bytes, 0}} : TfLiteIntArray{2, {kind == 1 ? 2 : 1, bytes, 0, 0}};
  made.type = is(name, "type") ? kTfLiteFloat32 : kTfLiteInt8;
  made.data.int8 = reinterpret_cast<int8_t *>(data);
  made.dims = is(name, "no_dims") ? nullptr : &of_this;
  made.params.scale = is(name, "scale") ? scale * 1.0000002f : scale;
  made.params.zero_point = is(name, "zero_point") ? -127 : -128;
  made.bytes = static_cast<size_t>(bytes) + is(name, "bytes");
  return made;
}

}  // namespace

namespace tflite {

const Model *GetModel(const void *buffer) { return static_cast<const Model *>(buffer); }

uint32_t Model::version() const { return static_cast<uint32_t>(number("version", 3)); }

TfLiteStatus MicroOpResolver::Add(const char *method) { return is("refuses", method) ? kTfLiteError : kTfLiteOk; }

MicroInterpreter::MicroInterpreter(const Model *model, const MicroOpResolver &, uint8_t *arena, size_t arena_bytes)
    : arena_(arena), arena_bytes_(arena_bytes), state_(kNew), input_(), output_() {
  must(reinterpret_cast<uintptr_t>(model) % 16 == 0, "the model is not aligned");
  must(reinterpret_cast<uintptr_t>(arena) % 16 == 0 && arena_bytes % 16 == 0, "the arena is not aligned");
  memset(arena, 0xa5, arena_bytes);
  fprintf(stderr, "made with %zu\n", arena_bytes);
}

MicroInterpreter::~MicroInterpreter() { must(state_ == kReady, "one that did not load is destroyed"); }

TfLiteStatus MicroInterpreter::AllocateTensors() {
  static int loads;
  must(state_ == kNew, "an interpreter is used again");
  const size_t needs = number("needs", 1001);
  state_ = kFailed;
  if (arena_bytes_ < needs) {
    say("Failed to resize buffer. Requested: %u, available %u, missing: %u", static_cast<unsigned>(needs),
        static_cast<unsigned>(arena_bytes_), static_cast<unsigned>(needs - arena_bytes_));
    say("\r\n");
    say("Failed to allocate\ttensors\n");
    return kTfLiteError;
  }
  if (++loads > static_cast<int>(number("loads", 1000))) {
    return kTfLiteError;
  }
  if (*setting("says") != '\0') {
    say("Didn't find op for builtin opcode '%s'\r\n", setting("says"));
    return kTfLiteError;
  }
  if (loads == 1 && is("fails_first", "says")) {
    say("Didn't find op for builtin opcode 'SVDF'\n");
    return kTfLiteError;
  }
  input_ = tensor("input", kInputBytes, kInputScale, arena_);
  output_ = tensor("output", kOutputBytes, kOutputScale, arena_ + kInputBytes);
  output_.bytes += loads == 1 && is("fails_first", "tensors");
  state_ = kReady;
  return kTfLiteOk;
}

/* Scores that depend on every byte of the input. */
TfLiteStatus MicroInterpreter::Invoke() {
  must(state_ == kReady, "one that did not load is invoked");
  if (is("invoke", "fails")) {
    say("Node %s (number %d) failed to invoke with status %d\n", "SOFTMAX", 1, 1);
    return kTfLiteError;
  }
  for (int i = 0; i < kOutputBytes; ++i) {
    unsigned sum = 0;
    for (int j = i; j < kInputBytes; j += kOutputBytes) {
      sum += static_cast<unsigned>(input_.data.int8[j] + 128);
    }
    output_.data.int8[i] = static_cast<int8_t>(static_cast<int>(sum % 256) - 128);
  }
  return kTfLiteOk;
}

TfLiteTensor *MicroInterpreter::input(size_t index) { return index == 0 && !is("input", "none") ? &input_ : nullptr; }

TfLiteTensor *MicroInterpreter::output(size_t index) {
  return index == 0 && !is("output", "none") ? &output_ : nullptr;
}

size_t MicroInterpreter::inputs_size() const { return number("inputs", 1); }

size_t MicroInterpreter::outputs_size() const { return number("outputs", 1); }

size_t MicroInterpreter::arena_used_bytes() const {
  must(state_ == kReady, "one that did not load is asked");
  return number("counts", number("needs", 1001));
}

}  // namespace tflite
