/* SPDX-License-Identifier: Apache-2.0 */
/* Of PubSubClient only what the examples call. */
#ifndef PUB_SUB_CLIENT_H
#define PUB_SUB_CLIENT_H

#include <stdint.h>

#include "WiFi.h"

class PubSubClient {
 public:
  explicit PubSubClient(Client &connection);
  PubSubClient &setServer(const char *host, uint16_t port);
  bool connect(const char *id);
  bool connected();
  bool loop();
  bool publish(const char *topic, const char *payload);
};

#endif
