/* SPDX-License-Identifier: Apache-2.0 */
/* Of TFLite's schema only what our firmware calls. */
#ifndef SCHEMA_GENERATED_H
#define SCHEMA_GENERATED_H

#include <cstdint>

namespace tflite {
class Model {
 public:
  uint32_t version() const;
};
const Model *GetModel(const void *buffer);
}  // namespace tflite

#endif
