/* SPDX-License-Identifier: Apache-2.0 */
#include "kws_protocol.h"

#include <string.h>

/* Passes over `word` where the text begins with it, up to a space (which is passed over too) or the end. */
static bool take_word(const char **text, const char *word)
{
    const size_t length = strlen(word);
    if (strncmp(*text, word, length) != 0 || ((*text)[length] != ' ' && (*text)[length] != '\0')) {
        return false;
    }
    *text += length + ((*text)[length] == ' ');
    return true;
}

static bool take_prefix(const char **text, const char *prefix)
{
    const size_t length = strlen(prefix);
    if (strncmp(*text, prefix, length) != 0) {
        return false;
    }
    *text += length;
    return true;
}

static int digit_value(char character)
{
    if (character >= '0' && character <= '9') {
        return character - '0';
    }
    return character >= 'a' && character <= 'f' ? character - 'a' + 10 : 16;
}

/* Reads digits up to a space or the end. Returns 0 where there are none, too many, or something else. */
static bool take_number(const char **text, uint32_t base, uint32_t *number)
{
    const char *first = *text;
    uint64_t value = 0;
    while (**text != ' ' && **text != '\0') {
        const uint32_t digit = (uint32_t)digit_value(*(*text)++);
        value = value * base + digit;
        if (digit >= base || value > UINT32_MAX) {
            return false;
        }
    }
    if (*text == first) {
        return false;
    }
    *text += **text == ' ';
    *number = (uint32_t)value;
    return true;
}

static kws_command bad(const char *error)
{
    const kws_command command = {.kind = KWS_COMMAND_BAD, .error = error};
    return command;
}

/* Reads one `key=value` of !DATA; returns what is wrong, or NULL. */
static const char *take_option(const char **text, kws_clip_request *clip)
{
    if (take_prefix(text, "crc=")) {
        clip->has_crc = true;
        return take_number(text, 16, &clip->crc) ? NULL : "option crc= needs hex digits";
    }
    if (take_prefix(text, "tail=")) {
        const bool good = take_number(text, 10, &clip->tail_samples) && clip->tail_samples <= KWS_MAX_TAIL_SAMPLES;
        return good ? NULL : "option tail= needs a number of samples up to 80000";
    }
    if (take_word(text, "features=1")) {
        clip->wants_features = true;
        return NULL;
    }
    return "option is not known";
}

static kws_command parse_data(const char *text)
{
    kws_command command = {.kind = KWS_COMMAND_DATA};
    if (!take_word(&text, KWS_AUDIO_TYPE)) {
        return bad("type is not " KWS_AUDIO_TYPE);
    }
    if (!take_number(&text, 10, &command.clip.bytes) || command.clip.bytes == 0 || command.clip.bytes % 2 != 0) {
        return bad("size must be an even number of bytes");
    }
    while (*text != '\0') {
        const char *error = take_option(&text, &command.clip);
        if (error != NULL) {
            return bad(error);
        }
    }
    return command;
}

static kws_command parse_sync(const char *text)
{
    kws_command command = {.kind = KWS_COMMAND_SYNC};
    const bool good = take_number(&text, 10, &command.sync.token) && take_number(&text, 10, &command.sync.results);
    return good && *text == '\0' ? command : bad("sync needs a token and a number of results");
}

static kws_command parse_record(const char *text)
{
    kws_command command = {.kind = KWS_COMMAND_RECORD};
    const bool good = take_number(&text, 10, &command.record_samples) && *text == '\0' && command.record_samples > 0 &&
                      command.record_samples <= KWS_MAX_RECORD_SAMPLES;
    return good ? command : bad("size of a recording must be 1 to 960000 samples");
}

kws_command kws_parse_command(const char *line)
{
    static const struct {
        const char *word;
        kws_command_kind kind;
    } plain[] = {{"!INFO", KWS_COMMAND_INFO}, {"!TEST", KWS_COMMAND_TEST},     {"!RESET", KWS_COMMAND_RESET},
                 {"!EXIT", KWS_COMMAND_EXIT}, {"!STATUS", KWS_COMMAND_STATUS}, {"!LEVELS", KWS_COMMAND_LEVELS}};
    if (take_word(&line, "!DATA")) {
        return parse_data(line);
    }
    if (take_word(&line, "!SYNC")) {
        return parse_sync(line);
    }
    if (take_word(&line, "!RECORD")) {
        return parse_record(line);
    }
    for (size_t i = 0; i < sizeof plain / sizeof *plain; ++i) {
        if (strcmp(line, plain[i].word) == 0) {
            kws_command command = {.kind = plain[i].kind};
            return command;
        }
    }
    return bad("command is not known");
}

bool kws_parse_audio_line(const char *line, kws_audio_line *audio)
{
    const char *text = line;
    if (!take_prefix(&text, "@") || !take_number(&text, 10, &audio->offset) ||
        !take_number(&text, 10, &audio->results)) {
        return false;
    }
    audio->base64 = (size_t)(text - line);
    return true;
}

bool kws_has_options(const kws_clip_request *request)
{
    return request->has_crc || request->tail_samples > 0 || request->wants_features;
}
