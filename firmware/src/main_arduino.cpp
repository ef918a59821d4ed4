/* SPDX-License-Identifier: Apache-2.0 */
/* The entry point for Arduino's cores, and the parts of kws_port.h that all of them share: serial port, clock, waiting.
 *
 * The microphone is the port's: it starts in kws_microphone_begin() and hands what it hears to kws_microphone_deliver(),
 * also while the main loop is busy: the ring between the two holds half a second or more.
 */
#include <Arduino.h>

#include "kws_app.h"
#include "kws_conditioner.h"
#include "kws_port.h"
#include "kws_report.h"
#include "kws_sample_ring.h"
#include "kws_settings.h"
#include "main_arduino.h"

namespace {

/* Half a second, longer than any inference on these boards, or more, so that a slow line loses nothing of a recording. */
constexpr uint32_t kRingSamples = KWS_MICROPHONE_RING_SAMPLES;
static_assert((kRingSamples & (kRingSamples - 1)) == 0, "ring_samples in boards.yaml: a power of two");
/* USB has flow control; a UART's driver gets a buffer of this size. */
constexpr size_t kSerialBytes = 2048;
constexpr uint32_t kErrorIntervalMs = 5000;
constexpr uint32_t kSettleSamples = KWS_MICROPHONE_SETTLE_MS * (KWS_SAMPLE_RATE_HZ / 1000u);
/* Delivered blocks pass through the interrupt's stack in pieces of this size. */
constexpr size_t kPieceSamples = 128;

int16_t ring_samples[kRingSamples];
kws_sample_ring ring = {ring_samples, kRingSamples, 0, 0, 0};
kws_conditioner conditioner = {KWS_MICROPHONE_SLOT_BITS, KWS_MICROPHONE_SHIFT, kSettleSamples, 0, 0, false};
uint32_t lost_blocks; /* by the driver */
bool microphone_runs;
uint32_t last_error_ms;

size_t condition(const int16_t *slots, size_t count, int16_t *samples) {
  return kws_conditioner_take_samples(&conditioner, slots, count, samples);
}

size_t condition(const int32_t *slots, size_t count, int16_t *samples) {
  return kws_conditioner_take_slots(&conditioner, slots, count, samples);
}

template <typename Slot>
void deliver(const Slot *slots, size_t count) {
  int16_t samples[kPieceSamples];
  while (count > 0) {
    const size_t piece = count < kPieceSamples ? count : kPieceSamples;
    const size_t heard = condition(slots, piece, samples);
    kws_sample_ring_put(&ring, samples, heard);
    slots += piece;
    count -= piece;
  }
}

constexpr int kLedPins[] = {KWS_LED_PIN, KWS_LED_RED_PIN, KWS_LED_GREEN_PIN, KWS_LED_BLUE_PIN};

void show(int pin, bool is_on) {
  if (pin >= 0) {
    digitalWrite(pin, is_on != KWS_LED_ACTIVE_LOW ? HIGH : LOW);
  }
}

void begin_led() {
  for (int pin : kLedPins) {
    if (pin >= 0) {
      pinMode(pin, OUTPUT);
    }
  }
  kws_port_led(0, 0, 0);
}

void power_microphone() {
  const int pin = KWS_MICROPHONE_POWER_PIN;
  if (pin >= 0) {
    pinMode(pin, OUTPUT);
    digitalWrite(pin, HIGH);
  }
}

/* Repeated, since a person may open the serial port at any time. */
void report_dead_microphone() {
  if (!microphone_runs && millis() - last_error_ms > kErrorIntervalMs) {
    last_error_ms = millis();
    kws_report_error("microphone", "did not start: check its wiring and pins");
  }
}

}  // namespace

void kws_microphone_deliver(const int16_t *slots, size_t count) { deliver(slots, count); }

void kws_microphone_deliver(const int32_t *slots, size_t count) { deliver(slots, count); }

void kws_microphone_lost_block(void) { __atomic_store_n(&lost_blocks, lost_blocks + 1, __ATOMIC_RELAXED); }

extern "C" {

void kws_port_init(void) {
#ifdef ARDUINO_ARCH_ESP32 /* its USB drops bytes too if there is no room */
  Serial.setRxBufferSize(kSerialBytes);
#endif
  Serial.begin(KWS_SERIAL_BAUD);
  begin_led();
  power_microphone();
  microphone_runs = kws_microphone_begin();
}

size_t kws_port_serial_read(uint8_t *bytes, size_t capacity) {
  size_t count = 0;
  while (count < capacity && Serial.available() > 0) {
    bytes[count++] = static_cast<uint8_t>(Serial.read());
  }
  return count;
}

size_t kws_port_serial_capacity(void) { return kSerialBytes; }

void kws_port_serial_write(const uint8_t *bytes, size_t count) {
  if (Serial) {
    Serial.write(bytes, count);
  }
}

size_t kws_port_microphone_read(int16_t *samples, size_t capacity) {
  return kws_sample_ring_take(&ring, samples, capacity);
}

size_t kws_port_microphone_waiting(void) { return kws_sample_ring_waiting(&ring); }

uint32_t kws_port_microphone_overruns(void) {
  return kws_sample_ring_overruns(&ring) + __atomic_load_n(&lost_blocks, __ATOMIC_RELAXED);
}

uint32_t kws_port_microphone_clipped(void) { return kws_conditioner_clipped(&conditioner); }

int32_t kws_port_microphone_offset(void) { return kws_conditioner_offset(&conditioner); }

void kws_port_led(uint8_t red, uint8_t green, uint8_t blue) {
  show(KWS_LED_PIN, (red | green | blue) != 0);
  show(KWS_LED_RED_PIN, red != 0);
  show(KWS_LED_GREEN_PIN, green != 0);
  show(KWS_LED_BLUE_PIN, blue != 0);
#if KWS_LED_DATA_PIN >= 0 /* an addressable one, which Arduino's core for the ESP32 can drive */
  neopixelWrite(KWS_LED_DATA_PIN, red, green, blue);
#endif
}

uint32_t kws_port_micros(void) { return micros(); }

void kws_port_idle(void) { delay(1); }

void kws_port_exit(int) {
  Serial.flush();
  for (;;) {
    delay(1000);
  }
}

}  // extern "C"

/* Of boards without one; the watchdog's port has the other. */
__attribute__((weak)) void kws_watchdog_begin(void) {}

void setup() {
  kws_app_start();
  kws_watchdog_begin();
}

void loop() {
  kws_app_poll();
  report_dead_microphone();
}
