// Text: properties of characters, tables of byte strings, vocabularies, and the BERT family's tokenizer in one pass.
#ifndef ATTUNE_TEXT_H
#define ATTUNE_TEXT_H

#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#pragma clang assume_nonnull begin
#else
#define _Nonnull
#define _Nullable
#endif

// MARK: Characters

/// The bits that Swift's CharacterProperties names, the canonical combining class in the high byte.
/// `scalar` may be anything; beyond 10FFFF there are no properties.
uint16_t attune_unicode_properties(uint32_t scalar);

/// A scalar of the full canonical decomposition of `scalar`, counted from 0; 0 behind its end, and where there is none.
uint32_t attune_unicode_decomposition(uint32_t scalar, int place);

/// A scalar of the lower case of `scalar`, counted from 0; 0 behind its end, and where it is its own.
uint32_t attune_unicode_lowercase(uint32_t scalar, int place);

// MARK: Byte strings

/// Byte strings and a number for each, found by hash.
typedef struct attune_byte_table attune_byte_table;

/// A table with room for `capacity` keys. NULL where memory is short.
attune_byte_table *_Nullable attune_byte_table_create(size_t capacity);
void attune_byte_table_free(attune_byte_table *_Nullable table);

/// Adds a key with a number from 0 to 2^24-1. Returns the number that the key has already, and changes nothing then; -1 where
/// it is new; -2 where it cannot be added: memory is short, the table full, or the number too large.
int32_t attune_byte_table_insert(attune_byte_table *table, const uint8_t *_Nullable key, size_t length, int32_t value);

/// The number of a key; -1 where it is not in the table.
int32_t attune_byte_table_find(const attune_byte_table *table, const uint8_t *_Nullable key, size_t length);

/// How many keys there are, and how long the longest is.
size_t attune_byte_table_count(const attune_byte_table *table);
size_t attune_byte_table_maximum_length(const attune_byte_table *table);

// MARK: Vocabularies

/// One more than the largest id of a token.
#define ATTUNE_TOKEN_LIMIT (1 << 24)

/// Tokens and their ids, in both directions. Tokens are added, then it is finished, then it is read.
typedef struct attune_vocabulary attune_vocabulary;

attune_vocabulary *_Nullable attune_vocabulary_create(void);
void attune_vocabulary_free(attune_vocabulary *_Nullable vocabulary);

/// Adds a token. Returns 0, or -1 where the id is out of range or memory is short.
int attune_vocabulary_add(attune_vocabulary *vocabulary, const uint8_t *_Nullable token, size_t length, int32_t id);

/// Makes the tokens findable. Returns 0, or -1 where two tokens or two ids are the same or memory is short.
int attune_vocabulary_finish(attune_vocabulary *vocabulary);

size_t attune_vocabulary_count(const attune_vocabulary *vocabulary);
/// One more than the largest id.
size_t attune_vocabulary_bound(const attune_vocabulary *vocabulary);
/// The length of the longest token, in bytes.
size_t attune_vocabulary_maximum_length(const attune_vocabulary *vocabulary);
/// The id of a token; -1 where there is none.
int32_t attune_vocabulary_find(const attune_vocabulary *vocabulary, const uint8_t *_Nullable token, size_t length);
/// The bytes of the token that has an id; NULL where none has.
const uint8_t *_Nullable attune_vocabulary_token(const attune_vocabulary *vocabulary, int32_t id, size_t *length);

/// Finds the object `model.vocab` in the bytes of a tokenizer.json and adds its members, without finishing.
///
/// Returns 0 and where the object begins and ends, braces included; -1 where there is none or anything about it is not as
/// every writer of this format has it: then a reader that says what is wrong must look. What lies outside of the
/// object is passed over, not checked: the document is well-formed if it is with `{}` in the object's place.
int attune_vocabulary_read(
    attune_vocabulary *vocabulary, const uint8_t *bytes, size_t count, size_t *begin, size_t *end);

// MARK: The BERT family's tokenizer

typedef struct attune_bert_settings {
    int cleans_text;
    int separates_ideographs;
    int strips_accents;
    int lowercases;
    int32_t unknown_id;
    /// The most characters of a word that is looked up; at most ATTUNE_BERT_WORD.
    uint32_t maximum_characters;
} attune_bert_settings;

/// The largest `maximum_characters` that is supported.
#define ATTUNE_BERT_WORD 255

/// BertNormalizer, BertPreTokenizer and WordPiece in one pass over the bytes of a text.
typedef struct attune_bert attune_bert;

/// A tokenizer; the vocabulary must be finished and outlive it. NULL where memory is short or the settings are out of range.
attune_bert *_Nullable attune_bert_create(
    const attune_vocabulary *vocabulary, attune_bert_settings settings, const uint8_t *_Nullable continuing_prefix,
    size_t prefix_length);
void attune_bert_free(attune_bert *_Nullable tokenizer);

/// Makes room for added tokens, once. Returns 0, or -1 where memory is short.
int attune_bert_reserve_added(attune_bert *tokenizer, size_t count);

/// Adds a token that is looked for in the text as it is; of two that are the same the first counts. Returns 0, or -1 where it
/// cannot be added.
int attune_bert_add_token(
    attune_bert *tokenizer, const uint8_t *_Nullable content, size_t length, int32_t id, int is_single_word);

/// Where in a text the tokenizer is: zeros to begin with.
typedef struct attune_bert_cursor {
    /// Bytes of the text that are done, and that the ids of `safe_count` stand for.
    size_t position;
    /// Added tokens that begin before are not looked for.
    size_t hidden;
    /// How many of the ids stand for what is before `position`.
    size_t safe_count;
} attune_bert_cursor;

typedef enum attune_bert_state {
    /// The whole text is done.
    ATTUNE_BERT_DONE = 0,
    /// There are `capacity` ids, and may be more. To go on, keep `safe_count` ids and call again with the cursor.
    ATTUNE_BERT_FULL = 1,
    /// More marks follow each other than this tokenizer holds back to order them.
    ATTUNE_BERT_UNSUPPORTED = 2,
} attune_bert_state;

/// Writes the ids of a text, from the cursor on. Bytes that are not UTF-8 give some ids.
attune_bert_state attune_bert_encode(
    const attune_bert *tokenizer, const uint8_t *_Nullable text, size_t count, attune_bert_cursor *cursor, int32_t *ids,
    size_t capacity, size_t *id_count);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
