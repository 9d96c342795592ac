// What the tokenizer of the BERT family knows before it reads a text: bert.c fills it, bert_reading.c reads with it.
#ifndef ATTUNE_BERT_H
#define ATTUNE_BERT_H

#include "byte_table.h"

/// The bits of attune_unicode_properties.
enum {
    REMOVED = 1 << 0, WHITESPACE = 1 << 1, IDEOGRAPH = 1 << 2, MARK = 1 << 3, PUNCTUATION = 1 << 4, WORD = 1 << 5,
    DECOMPOSES = 1 << 6, LOWERCASES = 1 << 7, REORDERS = 0xFF00,
};

/// What a byte is, once it is normalized.
enum kind { PART, SEPARATOR, SINGLE, DROPPED, WIDE };

/// Bytes of a word that are kept; more of them are more than ATTUNE_BERT_WORD characters.
#define WORD_BYTES (4 * (ATTUNE_BERT_WORD + 1))

/// In `case_bit`.
#define NOT_PLAIN 0xFF

/// Combining characters that are held back to be ordered.
#define HELD 64

/// Lengths of the keys of a table, by their first three bytes: which lengths a longest match need try. Bit L stands for
/// length L, bit 31 for that and all above; lengths of 1 and 2 are tried always.
typedef struct length_filter {
    uint32_t masks[4096];
} length_filter;

struct attune_bert {
    const attune_vocabulary *vocabulary;
    attune_bert_settings settings;
    /// A character without any of these properties is copied.
    uint16_t treated;
    uint8_t kinds[256];
    /// What becomes of an ASCII byte of the kind PART or SINGLE.
    uint8_t images[256];
    /// The images of the bytes that only ever lengthen a word; 0 for all others.
    uint8_t run_images[256];
    /// What is added to an upper case letter of ASCII where those bytes are the letters and digits; else NOT_PLAIN.
    uint8_t case_bit;
    /// Ids of words of one ASCII byte.
    int32_t singles[128];
    const attune_byte_table *tokens;
    attune_byte_table *continuations;
    length_filter first, next;
    /// Added tokens: bytes to places in `added`.
    attune_byte_table *added_contents;
    struct { int32_t id; int is_single_word; } *added;
    size_t added_count, added_capacity;
    /// The longest added token that begins with each byte; 0 where none does.
    size_t added_lengths[256];
};

static inline uint32_t filter_place(const uint8_t *key) {
    uint32_t bytes = (uint32_t)key[0] | (uint32_t)key[1] << 8 | (uint32_t)key[2] << 16;
    return bytes * 0x9E3779B1u >> 20;
}

#endif
