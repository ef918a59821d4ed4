/* SPDX-License-Identifier: Apache-2.0 */
/* Two keyword spotters in one block of memory, one of them at an odd address, fed in turn in blocks of other sizes; the
 * second has heard something else before its reset, which comes from a callback. Prints what each hears, `=` between. */
#include <cstdio>
#include <string>
#include <vector>

#include "tinykws.h"

struct Ear {
    tinykws *kws;
    bool resets;
    std::string text;
};

static void on_word(void *context, const tinykws_detection *heard)
{
    Ear *ear = static_cast<Ear *>(context);
    if (heard->word != tinykws_word(heard->label) || tinykws_word(TINYKWS_N_LABELS) != NULL) {
        ear->text += "wrong label\n";
    }
    ear->text += std::string("heard ") + heard->word + " " + std::to_string(heard->score) + " " +
                 std::to_string(heard->time_ms) + "\n";
}

static void on_inference(void *context, uint32_t time_ms, const int8_t *scores, const uint8_t *levels)
{
    Ear *ear = static_cast<Ear *>(context);
    (void)levels;
    if (ear->resets) {
        tinykws_reset(ear->kws);
        return;
    }
    ear->text += std::to_string(time_ms);
    for (int i = 0; i < TINYKWS_N_LABELS; ++i) {
        ear->text += " " + std::to_string(scores[i]);
    }
    ear->text += "\n";
}

static std::vector<int16_t> read_sound(const char *path)
{
    std::vector<int16_t> samples;
    int16_t sample;
    FILE *file = std::fopen(path, "rb");
    while (file != NULL && std::fread(&sample, sizeof sample, 1, file) == 1) {
        samples.push_back(sample);
    }
    return samples;
}

int main(int, char **arguments)
{
    static uint8_t memory[2 * TINYKWS_MEMORY_BYTES + 1];
    Ear ears[2] = {};
    const std::vector<int16_t> sound = read_sound(arguments[1]);
    size_t at[2] = {0, 0};
    if (tinykws_init(memory, TINYKWS_MEMORY_BYTES - 1, on_word, NULL) != NULL || sound.empty()) {
        return 1;
    }
    for (int i = 0; i < 2; ++i) {
        ears[i].kws = tinykws_init(memory + i * TINYKWS_MEMORY_BYTES + i, TINYKWS_MEMORY_BYTES, on_word, &ears[i]);
        tinykws_tell_inferences(ears[i].kws, on_inference);
    }
    ears[1].resets = true; /* until the end of this sound */
    tinykws_feed(ears[1].kws, sound.data() + sound.size() / 3, sound.size() / 3);
    ears[1].resets = false;
    ears[1].text.clear();
    tinykws_reset(ears[1].kws);
    for (size_t block = 1; at[0] < sound.size() || at[1] < sound.size(); block = block % 611 + 1) {
        for (int i = 0; i < 2; ++i) {
            const size_t wanted = i == 0 ? 160 : block;
            const size_t left = sound.size() - at[i];
            const size_t count = wanted < left ? wanted : left;
            tinykws_feed(ears[i].kws, sound.data() + at[i], count);
            at[i] += count;
        }
    }
    std::printf("%s=\n%s", ears[0].text.c_str(), ears[1].text.c_str());
    return std::string(tinykws_identity()) == TINYKWS_IDENTITY ? 0 : 1;
}
