/* SPDX-License-Identifier: Apache-2.0 */
/* The firmware as a process on Linux or macOS.
 *
 * KWS_SERIAL=127.0.0.1:PORT   the serial port is a TCP connection: the program listens there and serves the first client
 *                             (pyserial: socket://127.0.0.1:PORT). Without it: standard input and output.
 * KWS_MICROPHONE=FILE         the microphone: raw samples, 16 kHz, mono, int16 of the machine's byte order, from a file or
 *                             a pipe (such as one that arecord writes).
 * KWS_MICROPHONE_HZ=RATE      how many of a file's samples there are a second, by the computer's clock; without it, as many
 *                             as are asked for.
 *
 * The program ends when the serial line has closed and the microphone, if any, has no more to give.
 */
#define _POSIX_C_SOURCE 200809L

#include "kws_port.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* What fits the kernel's socket buffers; enough that the host never waits for us. */
#define SERIAL_CAPACITY_BYTES 16384
#define IDLE_LIMIT_MS 100
#define PACED_IDLE_MS 5
#define EXIT_BAD_PORT 63

static int serial_in = STDIN_FILENO; /* -1: closed */
static int serial_out = STDOUT_FILENO;
static int microphone = -1; /* -1: none, or at its end */

/* A microphone at a real-time rate: what it has delivered by now, less what was read, is waiting. */
static struct {
    uint64_t hz; /* 0: not limited in time */
    uint64_t began_ns;
    uint64_t read;
} pace;

static uint64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* Returns how many samples may be read now, at most `capacity`. */
static size_t due(size_t capacity)
{
    if (pace.hz == 0) {
        return capacity;
    }
    const uint64_t waiting = (nanoseconds() - pace.began_ns) / 1000u * pace.hz / 1000000u - pace.read;
    return waiting < capacity ? (size_t)waiting : capacity;
}

static void fail(const char *what)
{
    perror(what);
    exit(EXIT_BAD_PORT);
}

/* Reads "127.0.0.1:PORT". */
static struct sockaddr_in address_of(const char *text)
{
    struct sockaddr_in address;
    char host[16];
    const char *colon = strchr(text, ':');
    const size_t length = colon == NULL ? 0 : (size_t)(colon - text);
    memset(&address, 0, sizeof address);
    address.sin_family = AF_INET;
    if (colon != NULL && length < sizeof host) {
        memcpy(host, text, length);
        host[length] = '\0';
        address.sin_port = htons((uint16_t)atoi(colon + 1));
        if (inet_pton(AF_INET, host, &address.sin_addr) == 1) {
            return address;
        }
    }
    fprintf(stderr, "KWS_SERIAL must be like 127.0.0.1:5555, it is %s\n", text);
    exit(EXIT_BAD_PORT);
}

/* Waits for one connection and makes it the serial line. */
static void serve_tcp(const char *text)
{
    const struct sockaddr_in address = address_of(text);
    const int yes = 1;
    const int listening = socket(AF_INET, SOCK_STREAM, 0);
    if (listening < 0 || setsockopt(listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(listening, (const struct sockaddr *)&address, sizeof address) != 0 || listen(listening, 1) != 0) {
        fail(text);
    }
    const int connection = accept(listening, NULL, NULL);
    if (connection < 0) {
        fail("accept");
    }
    close(listening);
    if (setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes) != 0) {
        fail("TCP_NODELAY");
    }
    serial_in = serial_out = connection;
}

void kws_port_init(void)
{
    const char *serial = getenv("KWS_SERIAL");
    const char *file = getenv("KWS_MICROPHONE");
    const char *hz = getenv("KWS_MICROPHONE_HZ");
    signal(SIGPIPE, SIG_IGN);
    if (serial != NULL) {
        serve_tcp(serial);
    }
    if (file != NULL) {
        microphone = open(file, O_RDONLY);
        if (microphone < 0) {
            fail(file);
        }
        pace.hz = hz == NULL ? 0 : strtoul(hz, NULL, 10);
        pace.began_ns = nanoseconds();
    }
}

/* Reads what waits; closes the descriptor (sets it to -1) at its end. */
static size_t read_waiting(int *descriptor, void *bytes, size_t capacity)
{
    struct pollfd waiting = {.fd = *descriptor, .events = POLLIN};
    if (*descriptor < 0 || poll(&waiting, 1, 0) <= 0) {
        return 0;
    }
    const ssize_t count = read(*descriptor, bytes, capacity);
    if (count > 0) {
        return (size_t)count;
    }
    if (count == 0 || errno != EINTR) {
        *descriptor = -1;
    }
    return 0;
}

size_t kws_port_serial_read(uint8_t *bytes, size_t capacity)
{
    return read_waiting(&serial_in, bytes, capacity);
}

size_t kws_port_serial_capacity(void)
{
    return SERIAL_CAPACITY_BYTES;
}

void kws_port_serial_write(const uint8_t *bytes, size_t count)
{
    while (count > 0 && serial_out >= 0) {
        const ssize_t written = write(serial_out, bytes, count);
        if (written > 0) {
            bytes += written;
            count -= (size_t)written;
        } else if (errno != EINTR) {
            serial_out = -1;
        }
    }
}

size_t kws_port_microphone_read(int16_t *samples, size_t capacity)
{
    /* A pipe may end in the middle of a sample: its first byte waits here for the second. */
    static uint8_t half;
    static size_t has_half;
    const size_t wanted = due(capacity) * sizeof *samples;
    uint8_t *bytes = (uint8_t *)samples;
    if (wanted == 0) {
        return 0;
    }
    bytes[0] = half;
    const size_t count = has_half + read_waiting(&microphone, bytes + has_half, wanted - has_half);
    has_half = count % sizeof *samples;
    half = count > 0 ? bytes[count - 1] : 0;
    pace.read += count / sizeof *samples;
    return count / sizeof *samples;
}

size_t kws_port_microphone_waiting(void)
{
    return 0;
}

uint32_t kws_port_microphone_overruns(void)
{
    return 0;
}

uint32_t kws_port_microphone_clipped(void)
{
    return 0;
}

int32_t kws_port_microphone_offset(void)
{
    return 0;
}

void kws_port_led(uint8_t red, uint8_t green, uint8_t blue)
{
    (void)red;
    (void)green;
    (void)blue;
}

uint32_t kws_port_micros(void)
{
    return (uint32_t)(nanoseconds() / 1000u);
}

void kws_port_idle(void)
{
    struct pollfd waiting[2] = {
        {.fd = serial_in, .events = POLLIN},
        {.fd = microphone, .events = POLLIN},
    }; /* poll ignores -1 */
    if (serial_in < 0 && microphone < 0) {
        exit(0);
    }
    if (pace.hz > 0) {
        waiting[1].fd = -1; /* a file is always ready; the next samples are not */
    }
    poll(waiting, 2, pace.hz > 0 ? PACED_IDLE_MS : IDLE_LIMIT_MS);
}

void kws_port_exit(int code)
{
    exit(code);
}
