/* SPDX-License-Identifier: Apache-2.0 */
/* The aot engine's kernels: int8 neural network operations, one a file.
 *
 * Usage: `tinykws` writes model_aot.c from a .tflite: constants, one parameter struct for each operation, a static
 * arena, and kws_model_invoke(), which calls these functions in turn. Call them only with parameters that tinykws has
 * checked: shapes, ranges and sums are proven at build time, and the kernels rely on it.
 *
 * Arithmetic: byte for byte that of TensorFlow Lite Micro's reference kernels (gemmlowp's doubly rounded fixed point,
 * see kws_nn_math.h). Tensors are NHWC (batch, height, width, channel; the last runs fastest), int8, where
 * real = scale * (value - zero_point). Input and output may not overlap unless a function says so. No allocation, no float, no state.
 *
 * C99; right shifts of negative numbers must be arithmetic, as every compiler we know makes them.
 */
#ifndef KWS_NN_H
#define KWS_NN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* For the arena's declaration: the planner's offsets are multiples of 16. */
#define KWS_NN_ALIGNED __attribute__((aligned(16)))

/* For weights that are read in words. */
#define KWS_NN_IN_WORDS __attribute__((aligned(4)))

typedef struct {
    int32_t batches, height, width, channels;
} kws_nn_shape;

/* A kernel window that slides over an image; positions outside of the image count as real 0. */
typedef struct {
    int32_t height, width;
    int32_t stride_y, stride_x;     /* at least 1 */
    int32_t dilation_y, dilation_x; /* at least 1: from one of its rows (columns) to the next */
    int32_t pad_top, pad_left;      /* rows (columns) of the first window that lie outside */
} kws_nn_window;

/* From a 32-bit sum to int8: clamp(zero_point + sum * multiplier * 2^(shift - 31), minimum, maximum). */
typedef struct {
    const int32_t *multipliers; /* 0 to 2^31 - 1, where 2^31 would be 1.0 */
    const int8_t *shifts;       /* -31 to 30, left where positive */
    int32_t step;               /* 1: a multiplier for each channel; 0: one for all */
    int32_t zero_point;
    int32_t minimum, maximum; /* the fused activation's range, within -128 to 127 */
} kws_nn_requantize;

typedef struct {
    kws_nn_shape input, output;
    kws_nn_window window;
    int32_t groups; /* output channels of a group see only its input channels; 1 is the common convolution */
    int32_t input_zero_point;
    const int8_t *weights; /* [output.channels, window.height, window.width, input.channels / groups] */
    const int32_t *bias;   /* [output.channels], or NULL */
    kws_nn_requantize requantize;
} kws_nn_conv_2d_params;

/* Groups 1; no dilation along x, unless the window is one pixel wide. */
typedef struct {
    kws_nn_shape input, output;
    kws_nn_window window;
    int32_t input_zero_point;
    int32_t window_values;  /* that a window sees, filled up to a multiple of 4 */
    int32_t pixels_at_once; /* a multiple of 4 */
    const int8_t *weights;  /* [output.channels, window_values], zeros beyond the last value */
    const int32_t *bias;    /* [output.channels] */
    kws_nn_requantize requantize;
} kws_nn_conv_2d_tile_params;

/* As `tile`, output.channels a multiple of 4, with what the kernel would make of weights and multipliers made already. */
typedef struct {
    kws_nn_shape input, output;
    kws_nn_window window;
    int32_t input_zero_point;
    int32_t window_values;  /* that a window sees, a multiple of 4 */
    int32_t pixels_at_once; /* even */
    const int32_t
        *weights; /* [output.channels / 4]: 4 biases, then [window_values / 2][4] pairs of int16; all doubled */
    const int32_t *scaling; /* [output.channels, or 4]: multiplier, offset and shift (kws_nn_scaling.h) */
    int32_t scaling_bytes;  /* from the scaling of four channels to that of the next four: 48, or 0 */
    int32_t minimum, maximum;
} kws_nn_conv_2d_wide_params;

typedef kws_nn_conv_2d_wide_params kws_nn_conv_2d_wide_relu_params;

/* For processors without DSP instructions: two products a multiplication (kws_nn_packed.h). Groups 1; no dilation along
 * x, unless the window is one pixel wide. The zero point is in the bias. */
typedef struct {
    kws_nn_shape input, output;
    kws_nn_window window;
    int32_t input_zero_point; /* what the image is padded with */
    int32_t words;            /* packed words that a window sees; each of its rows begins a new one */
    int32_t pixels_at_once;   /* a multiple of 4 */
    int32_t pixel_words;      /* _strip: from one window to the next */
    int32_t pitch;            /* _strip: words of a line */
    const int32_t *weights;   /* runs of each channel in turn; _pixel: of each four channels, [pairs][4] */
    const int32_t *bias;      /* [output.channels]; _pixel: filled up to a multiple of 4 */
    const int32_t *scaling;   /* [output.channels, or 1]: multiplier, offset and shift (kws_nn_scaling.h) */
    int32_t scaling_step;     /* words from one channel to the next: 3, or 0 */
    int32_t minimum, maximum;
} kws_nn_conv_2d_packed_params;

typedef kws_nn_conv_2d_packed_params kws_nn_conv_2d_packed_pixel_params;
typedef kws_nn_conv_2d_packed_params
    kws_nn_conv_2d_packed_strip_params; /* dilation 1, stride_x * input.channels even */

/* Windows along one axis of an image that is one pixel wide: one image, multiplier and dilation 1, stride 1 or 2. The zero
 * point is in the bias. */
typedef struct {
    int32_t channels;
    int32_t input_size, output_size, stride, pad;
    int32_t input_step, output_step; /* bytes from one pixel to the next */
    int32_t length;                  /* packed words of a line, all that outputs filled up to a multiple of 4 see */
    int32_t words;                   /* pairs of weights of a channel */
    int32_t input_zero_point;
    const int32_t *weights; /* runs of each channel in turn */
    const int32_t *bias;    /* [channels] */
    const int32_t *scaling; /* [channels, or 1]: multiplier, offset and shift (kws_nn_scaling.h) */
    int32_t scaling_step;   /* words from one channel to the next: 3, or 0 */
    int32_t minimum, maximum;
} kws_nn_depthwise_conv_2d_packed_params;

/* Groups and dilation 1, stride_x * input.channels 2, at most 8 values in a row of the window, output.channels a multiple
 * of 4. Weights and bias are twice those of the model. */
typedef struct {
    kws_nn_shape input, output;
    kws_nn_window window;
    int32_t input_zero_point;
    int32_t pitch;          /* values of an image's row with all its padding, a multiple of 8 */
    const int16_t *weights; /* [output.channels / 4][window.height][4 pairs of values][4 channels][2] */
    const int32_t *bias;    /* [output.channels] */
    kws_nn_requantize requantize;
} kws_nn_conv_2d_strip_params;

typedef struct {
    kws_nn_shape input, output;
    kws_nn_window window;
    int32_t multiplier; /* output channels for each input channel */
    int32_t input_zero_point;
    const int8_t *weights; /* [window.height, window.width, output.channels] */
    const int32_t *bias;   /* [output.channels], or NULL */
    kws_nn_requantize requantize;
} kws_nn_depthwise_conv_2d_params;

/* The reverse: the window slides over the output, and each of its positions gets what one input pixel contributes. */
typedef struct {
    kws_nn_shape input, output;
    kws_nn_window window; /* dilation 1 */
    int32_t input_zero_point;
    const int8_t *weights; /* [output.channels, window.height, window.width, input.channels] */
    const int32_t *bias;   /* [output.channels], or NULL */
    kws_nn_requantize requantize;
} kws_nn_transpose_conv_params;

/* One direction of an image, of the window over it and of the outputs. */
typedef struct {
    int32_t input_size, output_size, window, stride, pad;
    int32_t input_step, output_step; /* bytes from one to the next */
} kws_nn_axis;

/* One image, multiplier and dilation 1, a multiple of four channels. Rows and columns may have changed places. */
typedef struct {
    int32_t channels;
    kws_nn_axis rows, columns;
    int32_t pitch; /* values of a row with its padding, even */
    int32_t plane; /* values of all rows with their padding, even */
    int32_t input_zero_point;
    const int8_t *weights; /* [rows.window, columns.window, channels] */
    const int32_t *bias;   /* [channels] */
    kws_nn_requantize requantize;
} kws_nn_depthwise_conv_2d_planar_params;

/* Windows along one axis of an image that is one pixel wide: one image, multiplier and dilation 1, a multiple of four
 * channels. Weights and bias are doubled. */
typedef struct {
    int32_t channels;
    int32_t input_size, output_size, stride, pad;
    int32_t input_step, output_step; /* bytes from one pixel to the next */
    int32_t length;                  /* values of a line, all that two neighbouring outputs see, even */
    int32_t words;                   /* pairs of values that two neighbouring outputs see, even */
    int32_t input_zero_point;
    const int32_t *weights; /* [channels]: bias, then [words / 2][2 outputs][2] pairs of int16 */
    const int32_t *scaling; /* [channels, or 1]: multiplier, offset and shift (kws_nn_scaling.h) */
    int32_t scaling_step;   /* words from one channel to the next: 3, or 0 */
    int32_t minimum, maximum;
} kws_nn_depthwise_conv_2d_row_params;

typedef struct {
    int32_t rows; /* inputs, each of `depth` values */
    int32_t depth;
    int32_t units; /* outputs for each input */
    int32_t input_zero_point;
    const int8_t *weights; /* [units, depth] */
    const int32_t *bias;   /* [units], or NULL */
    kws_nn_requantize requantize;
} kws_nn_fully_connected_params;

/* Depth a multiple of four, the zero point in the bias, units filled up to a multiple of four.
 * Weights: [units / 4][depth / 4][4 units][4]. */
typedef kws_nn_fully_connected_params kws_nn_fully_connected_folded_params;

/* Newly arrived rows of a folded layer's input in a stream, and the `windows` windows that contain them: the current one,
 * then future ones. In each later window the rows are `stride_rows` higher. */
typedef struct {
    int32_t depth;      /* values of a window */
    int32_t units;      /* filled up to a multiple of four */
    int32_t row_values; /* of one row, a multiple of four */
    int32_t rows;
    int32_t first_row; /* the first one's index in the current window */
    int32_t windows;
    int32_t stride_rows;
    int32_t least_row;     /* rows with a lower index are not in a future window */
    const int8_t *weights; /* as of the folded layer */
} kws_nn_fully_connected_rows_params;

typedef struct {
    int32_t units;
    const int32_t *bias; /* [units] */
    kws_nn_requantize requantize;
    int32_t sums;    /* of a window: as many as units in the rows' parameters */
    int32_t windows; /* as there, of new rows */
} kws_nn_fully_connected_sums_params;

typedef struct {
    kws_nn_shape input, output;
    kws_nn_window window;
    int32_t minimum, maximum; /* the fused activation's range, within -128 to 127 */
} kws_nn_pool_2d_params;

typedef kws_nn_pool_2d_params kws_nn_average_pool_2d_params;
typedef kws_nn_pool_2d_params kws_nn_max_pool_2d_params;

/* The input seen as four loops: two over what is kept, each index one output, and two over what is averaged. */
typedef struct {
    int32_t kept[2], kept_stride[2];
    int32_t averaged[2], averaged_stride[2];
    int32_t input_zero_point;
    kws_nn_requantize requantize; /* its multiplier holds the division by the count too */
} kws_nn_mean_params;

/* (value - zero_point) * multiplier * 2^(shift - 31), in units of 2^-20 of twice the larger input's scale */
typedef struct {
    int32_t stride[4]; /* in elements, for each dimension of the output; 0 where the input is repeated along it */
    int32_t zero_point;
    int32_t multiplier, shift;
} kws_nn_addend;

typedef struct {
    int32_t size[4]; /* of the output */
    kws_nn_addend first, second;
    kws_nn_requantize requantize;
} kws_nn_add_params;

typedef kws_nn_add_params kws_nn_sub_params;

typedef struct {
    int32_t input[4];  /* sizes */
    int32_t output[4]; /* sizes: before + input + after */
    int32_t before[4]; /* how much is added in front of each dimension */
    int32_t value;
} kws_nn_pad_params;

/* The largest value; loops as in kws_nn_mean_params. */
typedef struct {
    int32_t kept[2], kept_stride[2];
    int32_t reduced[2], reduced_stride[2];
} kws_nn_reduce_max_params;

typedef struct {
    int32_t stride[4]; /* in elements, for each dimension of the output; 0 where the input is repeated along it */
    int32_t zero_point;
} kws_nn_factor;

typedef struct {
    int32_t size[4]; /* of the output */
    kws_nn_factor first, second;
    kws_nn_requantize requantize;
} kws_nn_mul_params;

/* `second` is the slope of negative values. */
typedef struct {
    int32_t size[4]; /* of the output */
    kws_nn_factor first, second;
    kws_nn_requantize positive, negative;
} kws_nn_prelu_params;

/* Each row of the output is a run of each input. */
typedef struct {
    int32_t rows;
    int32_t run[4];
} kws_nn_concatenation_params;

typedef kws_nn_concatenation_params kws_nn_concatenation_2_params;
typedef kws_nn_concatenation_params kws_nn_concatenation_3_params;
typedef kws_nn_concatenation_params kws_nn_concatenation_4_params;

/* Four loops over the output; where each input value is. */
typedef struct {
    int32_t size[4];
    int32_t step[4]; /* in elements of the input; may be negative */
    int32_t first;
} kws_nn_strided_copy_params;

typedef struct {
    int32_t size;
    const int8_t *table; /* int8 [256]: the output of each input, from -128 on */
} kws_nn_lookup_params;

typedef struct {
    int32_t rows;
    int32_t depth;               /* values in a row, at most 511: each row becomes probabilities of its own */
    int32_t multiplier, shift;   /* from differences of inputs to Q5.26 */
    int32_t smallest_difference; /* below it a probability is 0 */
} kws_nn_softmax_params;

void kws_nn_conv_2d(const kws_nn_conv_2d_params *params, const int8_t *input, int8_t *output);

/* The same for cases that tinykws tells apart; `scratch` begins at a multiple of 16, tinykws computes how much it is.
 * Tile: most windows; int16 [pixels_at_once + 2][window_values].
 * Strip: few channels, windows side by side; int16 [window.height][pitch].
 * Output may be the input where `tile` has a window of 1x1, no stride and as many channels out as in. */
void kws_nn_conv_2d_tile(const kws_nn_conv_2d_tile_params *params, const int8_t *input, int8_t *output, void *scratch);
void kws_nn_conv_2d_strip(const kws_nn_conv_2d_strip_params *params, const int8_t *input, int8_t *output,
                          void *scratch);

/* `tile` with weights that were made int16 at build time; _relu: where `minimum` is at least the zero point. Output may be the
 * input as there; scratch: int16 [pixels_at_once][window_values]. */
void kws_nn_conv_2d_wide(const kws_nn_conv_2d_wide_params *params, const int8_t *input, int8_t *output, void *scratch);
void kws_nn_conv_2d_wide_relu(const kws_nn_conv_2d_wide_params *params, const int8_t *input, int8_t *output,
                              void *scratch);

/* Two products a multiplication: four pixels of a channel at once, or for few pixels four channels of one. Scratch: int32
 * [pixels_at_once][words]; _pixel: [words]; _strip: [window.height][pitch] in front. */
void kws_nn_conv_2d_packed(const kws_nn_conv_2d_packed_params *params, const int8_t *input, int8_t *output,
                           void *scratch);
void kws_nn_conv_2d_packed_strip(const kws_nn_conv_2d_packed_params *params, const int8_t *input, int8_t *output,
                                 void *scratch);
void kws_nn_conv_2d_packed_pixel(const kws_nn_conv_2d_packed_params *params, const int8_t *input, int8_t *output,
                                 void *scratch);

void kws_nn_depthwise_conv_2d(const kws_nn_depthwise_conv_2d_params *params, const int8_t *input, int8_t *output);
void kws_nn_transpose_conv(const kws_nn_transpose_conv_params *params, const int8_t *input, int8_t *output);
void kws_nn_fully_connected(const kws_nn_fully_connected_params *params, const int8_t *input, int8_t *output);
void kws_nn_fully_connected_folded(const kws_nn_fully_connected_params *params, const int8_t *input, int8_t *output);

/* A folded layer over the windows of a stream. _rows() adds each arriving row to the partial sums of every window that
 * contains it: int32 [windows][units, rounded up to a multiple of four], the current window's first, zero at the start.
 * _sums() then computes the current window's output, and moves the sums of the future windows up. */
void kws_nn_fully_connected_rows(const kws_nn_fully_connected_rows_params *params, const int8_t *rows, void *sums);
void kws_nn_fully_connected_sums(const kws_nn_fully_connected_sums_params *params, void *sums, int8_t *output);

/* Channel by channel; scratch: int16 [4][plane]. Output may be the input where both have one shape. */
void kws_nn_depthwise_conv_2d_planar(const kws_nn_depthwise_conv_2d_planar_params *params, const int8_t *input,
                                     int8_t *output, void *scratch);

/* Channel by channel; scratch: int16 [4][length]. Output may be the input where both have one shape. */
void kws_nn_depthwise_conv_2d_row(const kws_nn_depthwise_conv_2d_row_params *params, const int8_t *input,
                                  int8_t *output, void *scratch);

/* Channel by channel; scratch: int32 [length]. Output may be the input where both have one shape. */
void kws_nn_depthwise_conv_2d_packed(const kws_nn_depthwise_conv_2d_packed_params *params, const int8_t *input,
                                     int8_t *output, void *scratch);

/* The mean, or the largest, of what each window sees inside of the image; dilation is 1. */
void kws_nn_average_pool_2d(const kws_nn_pool_2d_params *params, const int8_t *input, int8_t *output);
void kws_nn_max_pool_2d(const kws_nn_pool_2d_params *params, const int8_t *input, int8_t *output);

void kws_nn_mean(const kws_nn_mean_params *params, const int8_t *input, int8_t *output);
void kws_nn_add(const kws_nn_add_params *params, const int8_t *first, const int8_t *second, int8_t *output);
void kws_nn_sub(const kws_nn_sub_params *params, const int8_t *first, const int8_t *second, int8_t *output);
void kws_nn_pad(const kws_nn_pad_params *params, const int8_t *input, int8_t *output);

void kws_nn_reduce_max(const kws_nn_reduce_max_params *params, const int8_t *input, int8_t *output);
void kws_nn_mul(const kws_nn_mul_params *params, const int8_t *first, const int8_t *second, int8_t *output);
void kws_nn_prelu(const kws_nn_prelu_params *params, const int8_t *input, const int8_t *slopes, int8_t *output);

void kws_nn_concatenation_2(const kws_nn_concatenation_params *params, const int8_t *first, const int8_t *second,
                            int8_t *output);
void kws_nn_concatenation_3(const kws_nn_concatenation_params *params, const int8_t *first, const int8_t *second,
                            const int8_t *third, int8_t *output);
void kws_nn_concatenation_4(const kws_nn_concatenation_params *params, const int8_t *first, const int8_t *second,
                            const int8_t *third, const int8_t *fourth, int8_t *output);

/* Slices and transposed tensors. */
void kws_nn_strided_copy(const kws_nn_strided_copy_params *params, const int8_t *input, int8_t *output);

/* A function of each value, as a table. Output may be the input. */
void kws_nn_lookup(const kws_nn_lookup_params *params, const int8_t *input, int8_t *output);

/* Moves bytes to a lower address, which may be among them. */
void kws_nn_move(int8_t *to, const int8_t *from, int32_t size);

/* Output: probability * 256 - 128. */
void kws_nn_softmax(const kws_nn_softmax_params *params, const int8_t *input, int8_t *output);

#ifdef __cplusplus
}
#endif
#endif
