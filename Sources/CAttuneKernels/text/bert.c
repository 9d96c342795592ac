// Makes the tokenizer of the BERT family: tables from a vocabulary and the settings.
#include "bert.h"

#include <stdlib.h>

static void filter_add(length_filter *filter, const uint8_t *key, size_t length) {
    if (length >= 3) filter->masks[filter_place(key)] |= 1u << (length < 31 ? length : 31);
}

/// Looks whether words of ASCII may be taken a vector at a time.
static void set_plain(attune_bert *t) {
    t->case_bit = t->settings.lowercases ? 0x20 : 0;
    if (t->settings.maximum_characters < INLINE_KEY) t->case_bit = NOT_PLAIN;
    for (int byte = 0; byte < 256; byte++) {
        int is_upper = byte >= 'A' && byte <= 'Z';
        int is_plain = is_upper || (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
        if (t->run_images[byte] != (is_plain ? byte + (is_upper && t->settings.lowercases ? 0x20 : 0) : 0)) {
            t->case_bit = NOT_PLAIN;
        }
    }
}

static void set_bytes(attune_bert *t) {
    for (int byte = 0; byte < 256; byte++) {
        if (byte >= 0x80) {
            t->kinds[byte] = WIDE;
            continue;
        }
        uint16_t properties = attune_unicode_properties((uint32_t)byte), treated = properties & t->treated;
        uint32_t image = treated & LOWERCASES ? attune_unicode_lowercase((uint32_t)byte, 0) : (uint32_t)byte;
        t->images[byte] = (uint8_t)image;
        t->kinds[byte] = treated & REMOVED ? DROPPED
            : properties & WHITESPACE ? SEPARATOR
            : attune_unicode_properties(image) & PUNCTUATION ? SINGLE : PART;
        if (t->kinds[byte] == PART) t->run_images[byte] = (uint8_t)image;
        int32_t id = attune_vocabulary_find(t->vocabulary, &t->images[byte], 1);
        t->singles[byte] = id >= 0 && t->settings.maximum_characters > 0 ? id : t->settings.unknown_id;
    }
}

/// Fills the tables from the vocabulary. Returns 0, or -1 where memory is short.
static int set_tokens(attune_bert *t, const uint8_t *prefix, size_t prefix_length) {
    int32_t bound = (int32_t)attune_vocabulary_bound(t->vocabulary);
    size_t length, continuing = 0;
    for (int32_t id = 0; id < bound; id++) {
        const uint8_t *token = attune_vocabulary_token(t->vocabulary, id, &length);
        if (token && length > prefix_length && memcmp(token, prefix, prefix_length) == 0) continuing++;
    }
    t->continuations = attune_byte_table_create(continuing);
    if (!t->continuations) return -1;
    for (int32_t id = 0; id < bound; id++) {
        const uint8_t *token = attune_vocabulary_token(t->vocabulary, id, &length);
        if (!token) continue;
        filter_add(&t->first, token, length);
        if (length <= prefix_length || memcmp(token, prefix, prefix_length) != 0) continue;
        token += prefix_length;
        length -= prefix_length;
        filter_add(&t->next, token, length);
        if (attune_byte_table_insert(t->continuations, token, length, id) == -2) return -1;
    }
    return 0;
}

attune_bert *attune_bert_create(
    const attune_vocabulary *vocabulary, attune_bert_settings settings, const uint8_t *continuing_prefix,
    size_t prefix_length) {
    if (settings.maximum_characters > ATTUNE_BERT_WORD) return NULL;
    attune_bert *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    t->vocabulary = vocabulary;
    t->tokens = attune_vocabulary_table(vocabulary);
    t->settings = settings;
    if (settings.cleans_text) t->treated |= REMOVED | WHITESPACE;
    if (settings.separates_ideographs) t->treated |= IDEOGRAPH;
    if (settings.strips_accents) t->treated |= MARK | DECOMPOSES | REORDERS;
    if (settings.lowercases) t->treated |= LOWERCASES;
    set_bytes(t);
    set_plain(t);
    if (set_tokens(t, prefix_length > 0 ? continuing_prefix : (const uint8_t *)"", prefix_length) != 0) {
        attune_bert_free(t);
        return NULL;
    }
    return t;
}

void attune_bert_free(attune_bert *t) {
    if (!t) return;
    attune_byte_table_free(t->continuations);
    attune_byte_table_free(t->added_contents);
    free(t->added);
    free(t);
}

int attune_bert_reserve_added(attune_bert *t, size_t count) {
    if (t->added) return -1;
    t->added_contents = attune_byte_table_create(count);
    t->added = calloc(count + 1, sizeof *t->added);
    t->added_capacity = count;
    return t->added_contents && t->added ? 0 : -1;
}

int attune_bert_add_token(
    attune_bert *t, const uint8_t *content, size_t length, int32_t id, int is_single_word) {
    if (length == 0) return 0;
    if (t->added_count == t->added_capacity) return -1;
    int32_t place = attune_byte_table_insert(t->added_contents, content, length, (int32_t)t->added_count);
    if (place != -1) return place == -2 ? -1 : 0;
    t->added[t->added_count].id = id;
    t->added[t->added_count++].is_single_word = is_single_word;
    t->run_images[content[0]] = 0;
    set_plain(t);
    if (length > t->added_lengths[content[0]]) t->added_lengths[content[0]] = length;
    return 0;
}
