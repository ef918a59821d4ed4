/* SPDX-License-Identifier: Apache-2.0 */
/* A model slot in a partition of its own, "kws_model" in partitions.csv, mapped into the address space and left there. */
#include <esp_idf_version.h>
#include <esp_partition.h>

#include "kws_model_slot.h"
#include "kws_settings.h"

namespace {

/* The mapping's parameters changed their names with ESP-IDF 5 (Arduino core 3). */
#if ESP_IDF_VERSION_MAJOR >= 5
constexpr auto kAsData = ESP_PARTITION_MMAP_DATA;
using Handle = esp_partition_mmap_handle_t;
#else
constexpr auto kAsData = SPI_FLASH_MMAP_DATA;
using Handle = spi_flash_mmap_handle_t;
#endif

}  // namespace

extern "C" const uint8_t *kws_model_slot_read(size_t *bytes) {
  const esp_partition_t *partition =
      esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_ANY, "kws_model");
  const void *mapped = nullptr;
  Handle handle;
  *bytes = 0;
  if (partition == nullptr || esp_partition_mmap(partition, 0, partition->size, kAsData, &mapped, &handle) != ESP_OK) {
    return nullptr;
  }
  *bytes = partition->size;
  return static_cast<const uint8_t *>(mapped);
}
