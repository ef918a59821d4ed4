/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ESP_IDF_VERSION_H
#define ESP_IDF_VERSION_H
#define ESP_IDF_VERSION_MAJOR 5
#endif
