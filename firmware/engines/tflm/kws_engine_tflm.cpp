/* kws_engine.h by TensorFlow Lite Micro's interpreter: the one file that knows TFLM.
 *
 * It fits the frozen Arduino libraries (Chirale_TensorFLowLite, Arduino_TensorFlowLite) and today's TFLM. TFLM's own
 * messages go where the library's DebugLog() sends them; this file neither defines nor calls it, since its signature
 * differs between versions. Nor does it call InitializeTarget(): the Arduino libraries' begins the serial line anew at
 * another speed and waits.
 */
#if __has_include(<Chirale_TensorFlowLite.h>)
#include <Chirale_TensorFlowLite.h>
#elif __has_include(<TensorFlowLite.h>)
#include <TensorFlowLite.h>
#endif

#include <tensorflow/lite/micro/micro_interpreter.h>
#include <tensorflow/lite/micro/micro_mutable_op_resolver.h>
#include <tensorflow/lite/schema/schema_generated.h>

#include "kws_engine.h"
#include "kws_ops.h"
#include "kws_settings.h"
#include "model_data.h"

static_assert(KWS_MODEL_INPUT_BYTES == KWS_N_FRAMES * KWS_N_MELS, "the model's input is not the front-end's output");
static_assert(KWS_MODEL_OUTPUT_BYTES == KWS_N_LABELS, "the model's outputs are not the labels");

extern "C" const char *const kws_engine_name = "tflm";

namespace {

/* Of TFLite's schema, since 2017; the libraries disagree on where the constant stands. */
constexpr uint32_t kSchemaVersion = 3;

alignas(16) uint8_t arena[KWS_ARENA_BYTES];
tflite::MicroInterpreter *interpreter; /* NULL until it is ready */

struct Expected {
  size_t bytes;
  float scale;
  int zero_point;
};

constexpr Expected kInput = {KWS_MODEL_INPUT_BYTES, KWS_MODEL_INPUT_SCALE, KWS_MODEL_INPUT_ZERO_POINT};
constexpr Expected kOutput = {KWS_MODEL_OUTPUT_BYTES, KWS_MODEL_OUTPUT_SCALE, KWS_MODEL_OUTPUT_ZERO_POINT};

/* Equal, not near: both come from the same 32 bits in the model. */
bool is_as_expected(const TfLiteTensor *tensor, const Expected &expected) {
  return tensor != nullptr && tensor->type == kTfLiteInt8 && tensor->bytes == expected.bytes &&
         !(tensor->params.scale < expected.scale) && !(tensor->params.scale > expected.scale) &&
         tensor->params.zero_point == expected.zero_point;
}

}  // namespace

extern "C" {

const char *kws_engine_init(void) {
  const tflite::Model *model = tflite::GetModel(g_model);
  if (model->version() != kSchemaVersion) {
    return "the model is of another TFLite schema version";
  }
  static tflite::MicroMutableOpResolver<KWS_N_OPS> resolver;
  const char *failed_op = kws_add_ops(resolver, kTfLiteOk);
  if (failed_op != nullptr) {
    return failed_op;
  }
  static tflite::MicroInterpreter the_interpreter(model, resolver, arena, sizeof arena);
  if (the_interpreter.AllocateTensors() != kTfLiteOk) {
    return "the tensor arena is too small, or TFLM cannot run an operation";
  }
  if (!is_as_expected(the_interpreter.input(0), kInput)) {
    return "the model's input is not as its bundle says";
  }
  if (!is_as_expected(the_interpreter.output(0), kOutput)) {
    return "the model's output is not as its bundle says";
  }
  interpreter = &the_interpreter;
  return nullptr;
}

int8_t *kws_engine_input(void) { return interpreter->input(0)->data.int8; }

int kws_engine_invoke(void) { return interpreter->Invoke() == kTfLiteOk ? 0 : -1; }

const int8_t *kws_engine_output(void) { return interpreter->output(0)->data.int8; }

size_t kws_engine_arena_used_bytes(void) { return interpreter == nullptr ? 0 : interpreter->arena_used_bytes(); }

}  // extern "C"
