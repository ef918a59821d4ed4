/* SPDX-License-Identifier: Apache-2.0 */
/* Made by tinykws: the operations that this model uses, for TensorFlow Lite Micro's op resolver. */
#ifndef KWS_OPS_H
#define KWS_OPS_H

enum { KWS_N_OPS = 2 };

/* Returns nullptr if all were added, otherwise what is wrong. `Ok` is kTfLiteOk. */
template <typename Resolver, typename Status>
inline const char *kws_add_ops(Resolver &resolver, Status ok) {
  if (resolver.AddFullyConnected() != ok) return "the op resolver cannot take FULLY_CONNECTED";
  if (resolver.AddSoftmax() != ok) return "the op resolver cannot take SOFTMAX";
  return nullptr;
}

#endif
