/* SPDX-License-Identifier: Apache-2.0 */
/* Of TensorFlow Lite Micro's op resolver only the operations of the test's model. */
#ifndef MICRO_MUTABLE_OP_RESOLVER_H
#define MICRO_MUTABLE_OP_RESOLVER_H

enum TfLiteStatus { kTfLiteOk = 0, kTfLiteError = 1 };

namespace tflite {

class MicroOpResolver {
 public:
  virtual ~MicroOpResolver() {}

 protected:
  TfLiteStatus Add(const char *method);
};

template <unsigned int count>
class MicroMutableOpResolver : public MicroOpResolver {
 public:
  TfLiteStatus AddFullyConnected() { return Add("AddFullyConnected"); }
  TfLiteStatus AddSoftmax() { return Add("AddSoftmax"); }
};

}  // namespace tflite

#endif
