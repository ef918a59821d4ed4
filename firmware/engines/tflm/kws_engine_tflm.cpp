/* SPDX-License-Identifier: Apache-2.0 */
/* kws_engine.h by TensorFlow Lite Micro's interpreter: the one file that knows TFLM.
 *
 * It fits the frozen Arduino libraries (Chirale_TensorFLowLite, Arduino_TensorFlowLite) and today's TFLM. It never calls
 * InitializeTarget(): the Arduino libraries' restarts the serial port at another speed and waits.
 */
#if __has_include(<Chirale_TensorFlowLite.h>)
#include <Chirale_TensorFlowLite.h>
#elif __has_include(<TensorFlowLite.h>)
#include <TensorFlowLite.h>
#endif

#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <new>

#include <tensorflow/lite/micro/debug_log.h>
#include <tensorflow/lite/micro/micro_interpreter.h>
#include <tensorflow/lite/micro/micro_mutable_op_resolver.h>
#include <tensorflow/lite/schema/schema_generated.h>

#include "kws_engine.h"
#include "kws_ops.h"
#include "kws_settings.h"
#include "kws_sha256.h"
#include "kws_text.h"
#include "kws_tflm_messages.h"
#include "model_data.h"

static_assert(KWS_MODEL_INPUT_BYTES == KWS_N_FRAMES * KWS_N_MELS, "the model's input is not the front-end's output");
static_assert(KWS_MODEL_OUTPUT_BYTES == KWS_N_LABELS, "the model's outputs are not the labels");

extern "C" const char *const kws_engine_name = "tflm";
extern "C" const bool kws_engine_keeps_rows = false;

/* TFLM's output function, in both its forms: a library's header declares one of them extern "C", and the
 * definition that fits becomes the library's; the other is an overload that nobody calls. Weak, so that a library whose
 * own is linked anyway keeps it.
 */
__attribute__((weak)) void DebugLog(const char *text) { kws_tflm_messages_put(text); }

__attribute__((weak)) void DebugLog(const char *format, va_list arguments) {
  char text[KWS_TFLM_MESSAGE_CHARACTERS + 1];
  vsnprintf(text, sizeof text, format, arguments);
  kws_tflm_messages_put(text);
}

/* Beside the second form; were it missing, the library's file with both would be linked. */
__attribute__((weak)) int DebugVsnprintf(char *text, size_t size, const char *format, va_list arguments) {
  return vsnprintf(text, size, format, arguments);
}

namespace {

/* Of TFLite's schema, since 2017; the libraries define the constant in different headers. */
constexpr uint32_t kSchemaVersion = 3;

constexpr size_t kArenaAlignment = 16;
static_assert(KWS_ARENA_BYTES % kArenaAlignment == 0, "the arena's end is not aligned");

using Resolver = tflite::MicroMutableOpResolver<KWS_N_OPS>;
using Interpreter = tflite::MicroInterpreter;

alignas(kArenaAlignment) uint8_t arena[KWS_ARENA_BYTES];
int8_t model_input[KWS_MODEL_INPUT_BYTES]; /* the input tensor's memory may be reused during an inference */

/* Objects that are constructed in place and never destroyed: static objects would need destructors at exit. */
alignas(Resolver) uint8_t resolver_storage[sizeof(Resolver)];
alignas(Interpreter) uint8_t interpreter_storage[sizeof(Interpreter)];

Interpreter *interpreter; /* NULL until it is ready */
size_t needed_bytes;      /* smallest arena found in which it loads */

/* Of the hex digits that name a model: the id, the identity's hash. */
struct Name {
  char id[12 + 1];
  char hash[KWS_ENGINE_HASH_DIGITS + 1];
};
Name model_name;

/* Names a model by its bytes, whatever was generated: the id is the start of their SHA-256, the identity's hash that of its
 * hex digits in quotes (tinykws/model/identity.py).
 */
Name name_of(const uint8_t *model, size_t bytes) {
  Name name = {};
  char quoted[KWS_SHA256_HEX_DIGITS + 3]; /* and the quotes, and the text's end */
  char hash[KWS_SHA256_HEX_DIGITS + 1];
  kws_sha256_hex(model, bytes, quoted + 1);
  std::memcpy(name.id, quoted + 1, sizeof name.id - 1);
  quoted[0] = quoted[KWS_SHA256_HEX_DIGITS + 1] = '"';
  kws_sha256_hex(reinterpret_cast<const uint8_t *>(quoted), KWS_SHA256_HEX_DIGITS + 2, hash);
  std::memcpy(name.hash, hash, sizeof name.hash - 1);
  return name;
}

char error[KWS_TFLM_MESSAGE_CHARACTERS + 128];
size_t error_length;

void keep_in_error(const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count && error_length < sizeof error - 1; ++i) {
    error[error_length++] = static_cast<char>(bytes[i]);
  }
}

/* Describes why the model did not load, as far as TFLM's messages tell. */
const char *explain_failed_load() {
  kws_text text = {keep_in_error, 0, {0}};
  const uint32_t missing = kws_tflm_messages_missing_bytes();
  error_length = 0;
  if (missing > 0) {
    kws_text_put(&text, "the tensor arena of ");
    kws_text_put_unsigned(&text, KWS_ARENA_BYTES);
    kws_text_put(&text, " bytes is short by at least ");
    kws_text_put_unsigned(&text, missing);
    kws_text_put(&text, ": raise arena_margin_bytes in the board's row of boards.yaml");
  } else if (kws_tflm_messages_cause()[0] != '\0') {
    kws_text_put(&text, "TFLM cannot load the model: ");
    kws_text_put(&text, kws_tflm_messages_cause());
  } else {
    kws_text_put(&text, "TFLM cannot load the model and does not say why: is the tensor arena of ");
    kws_text_put_unsigned(&text, KWS_ARENA_BYTES);
    kws_text_put(&text, " bytes too small?");
  }
  kws_text_end_line(&text);
  error[error_length - 1] = '\0'; /* in the place of the line's end, or of the character before it */
  return error;
}

/* Returns the interpreter with all tensors placed in the first `arena_bytes` of the arena, NULL if they do not fit.
 *
 * One that failed is not used again, nor is its destructor run, which would follow pointers that were never set: all it
 * owns lies in the arena, and the next is made over it.
 */
Interpreter *load(const tflite::Model *model, const Resolver &resolver, size_t arena_bytes) {
  Interpreter *fresh = new (interpreter_storage) Interpreter(model, resolver, arena, arena_bytes);
  return fresh->AllocateTensors() == kTfLiteOk ? fresh : nullptr;
}

/* Loads the model into the smallest arena that does, as the host measured its own: TFLM's count is of what is kept, and
 * loading may need more for a moment.
 *
 * A static arena gives nothing back, so this is for the report: it tells by how much arena_margin_bytes may go down. And
 * it starts from the count, never below: kernels follow the pointers that a much too small arena did not give them.
 */
void shrink(const tflite::Model *model, const Resolver &resolver) {
  static constexpr size_t kSpareBytes[] = {0, 64, 128, 256, 512, 1024, 2048};
  const size_t counted = (interpreter->arena_used_bytes() + kArenaAlignment - 1) / kArenaAlignment * kArenaAlignment;
  kws_tflm_messages_begin(false);
  for (const size_t spare : kSpareBytes) {
    needed_bytes = counted + spare;
    if (needed_bytes >= sizeof arena) {
      break;
    }
    if (interpreter != nullptr) {
      interpreter->~Interpreter();
    }
    interpreter = load(model, resolver, needed_bytes);
    if (interpreter != nullptr) {
      return;
    }
  }
  needed_bytes = sizeof arena;
  if (interpreter == nullptr) {
    interpreter = load(model, resolver, sizeof arena);
  }
}

struct Expected {
  const int *dims;
  int n_dims;
  size_t bytes;
  float scale;
  int zero_point;
};

constexpr int kInputDims[] = KWS_MODEL_INPUT_DIMS;
constexpr int kOutputDims[] = KWS_MODEL_OUTPUT_DIMS;
constexpr Expected kInput = {kInputDims, sizeof kInputDims / sizeof(int), KWS_MODEL_INPUT_BYTES,
                             KWS_MODEL_INPUT_SCALE, KWS_MODEL_INPUT_ZERO_POINT};
constexpr Expected kOutput = {kOutputDims, sizeof kOutputDims / sizeof(int), KWS_MODEL_OUTPUT_BYTES,
                              KWS_MODEL_OUTPUT_SCALE, KWS_MODEL_OUTPUT_ZERO_POINT};

bool has_dims(const TfLiteTensor &tensor, const Expected &expected) {
  if (tensor.dims == nullptr || tensor.dims->size != expected.n_dims) {
    return false;
  }
  for (int i = 0; i < expected.n_dims; ++i) {
    if (tensor.dims->data[i] != expected.dims[i]) {
      return false;
    }
  }
  return true;
}

/* Equal, not near: both scales come from the same 32 bits in the model. */
bool has_scale(const TfLiteTensor &tensor, const Expected &expected) {
  return !(tensor.params.scale < expected.scale) && !(tensor.params.scale > expected.scale) &&
         tensor.params.zero_point == expected.zero_point;
}

bool is_as_expected(const TfLiteTensor *tensor, const Expected &expected) {
  return tensor != nullptr && tensor->type == kTfLiteInt8 && tensor->bytes == expected.bytes &&
         has_dims(*tensor, expected) && has_scale(*tensor, expected);
}

/* The macro decides what fields a TfLiteTensor has; TFLM's headers leave it to the command line. */
#ifdef TF_LITE_STATIC_MEMORY
#define KWS_OTHER_LAYOUT ": was the library compiled without TF_LITE_STATIC_MEMORY, unlike this?"
#else
#define KWS_OTHER_LAYOUT ": was the library compiled with TF_LITE_STATIC_MEMORY, unlike this?"
#endif

/* Returns NULL if the model's tensors are as the firmware expects, otherwise what differs. */
const char *check_tensors() {
  if (interpreter->inputs_size() != 1 || interpreter->outputs_size() != 1) {
    return "the model has not one input and one output";
  }
  if (!is_as_expected(interpreter->input(0), kInput)) {
    return "the model's input is not as its bundle says" KWS_OTHER_LAYOUT;
  }
  if (!is_as_expected(interpreter->output(0), kOutput)) {
    return "the model's output is not as its bundle says" KWS_OTHER_LAYOUT;
  }
  return nullptr;
}

}  // namespace

extern "C" {

const char *kws_engine_model_id(void) { return model_name.id; }

const char *kws_engine_model_hash(void) { return model_name.hash; }

const char *kws_engine_built_in_hash(void) {
  static Name name;
  name = name_of(g_model, static_cast<size_t>(g_model_len));
  return name.hash;
}

const char *kws_engine_init(void) { return kws_engine_init_with(g_model, static_cast<size_t>(g_model_len)); }

const char *kws_engine_init_with(const uint8_t *bytes, size_t count) {
  model_name = name_of(bytes, count);
  kws_tflm_messages_begin(true);
  const tflite::Model *model = tflite::GetModel(bytes);
  if (model->version() != kSchemaVersion) {
    return "the model is of another TFLite schema version";
  }
  Resolver &resolver = *new (resolver_storage) Resolver();
  const char *failed_op = kws_add_ops(resolver, kTfLiteOk);
  if (failed_op != nullptr) {
    return failed_op;
  }
  interpreter = load(model, resolver, sizeof arena);
  if (interpreter == nullptr) {
    return explain_failed_load();
  }
  const char *wrong = check_tensors();
  if (wrong != nullptr) {
    interpreter = nullptr;
    return wrong;
  }
  shrink(model, resolver);
  kws_tflm_messages_begin(true);
  return interpreter == nullptr ? "TFLM loaded the model once and then no more" : nullptr;
}

int8_t *kws_engine_input(void) { return model_input; }

void kws_engine_reset(void) {} /* models that keep state run in the aot engine only */

bool kws_engine_invoke(void) {
  std::memcpy(interpreter->input(0)->data.int8, model_input, sizeof model_input);
  return interpreter->Invoke() == kTfLiteOk;
}

const int8_t *kws_engine_output(void) { return interpreter->output(0)->data.int8; }

size_t kws_engine_arena_used_bytes(void) { return interpreter == nullptr ? 0 : needed_bytes; }

}  // extern "C"
