// BertNormalizer, BertPreTokenizer and WordPiece in one pass: bytes of a text in, ids out, nothing between but the word that
// is being read. The Swift components define what it does, stage by stage; tests compare the two.
#include "bert.h"
#include "utf8.h"

// MARK: Words

/// What is known while a text is read.
typedef struct reading {
    const attune_bert *tokenizer;
    int32_t *ids;
    size_t count, capacity;
    /// As in the cursor.
    size_t hidden;
    /// An id had no room.
    int is_full;
    /// More characters are held back than there is room for.
    int is_unsupported;
    /// The word that is being read, normalized; longer than WORD_BYTES it is overlong and no more is kept of it.
    size_t length;
    int is_overlong;
    size_t held_count;
    uint32_t held[HELD];
    uint8_t held_classes[HELD];
    /// Room for a character behind the last, and for the zeros that a key is padded with.
    uint8_t word[WORD_BYTES + 4 + INLINE_KEY];
} reading;

static void append_id(reading *r, int32_t id) {
    if (r->count == r->capacity) {
        r->is_full = 1;
        return;
    }
    r->ids[r->count++] = id;
}

/// The first `length` of 16 bytes, the others zero.
static int32_t find_prefix(const attune_byte_table *table, const uint8_t *key, size_t length) {
    if (length > INLINE_KEY) return attune_byte_table_find_long(table, key, length);
    uint64_t low, high;
    memcpy(&low, key, 8);
    memcpy(&high, key + 8, 8);
    if (length < 8) low &= ((uint64_t)1 << 8 * length) - 1;
    high &= length <= 8 ? 0 : length == 16 ? UINT64_MAX : ((uint64_t)1 << 8 * (length - 8)) - 1;
    return find_inline(table, low, high, length);
}

/// The longest key of a table that the `count` bytes at `piece` begin with; its length is 0 where there is none.
static int32_t longest(
    const attune_byte_table *table, const length_filter *filter, const uint8_t *piece, size_t count, size_t *length) {
    if (count >= 3) {
        uint32_t mask = filter->masks[filter_place(piece)];
        if (count < 31) mask &= (2u << count) - 1;
        if (mask >> 31) {
            size_t limit = table->maximum_length < count ? table->maximum_length : count;
            for (size_t tried = limit; tried >= 31; tried--) {
                int32_t id = find_prefix(table, piece, tried);
                if (id >= 0) {
                    *length = tried;
                    return id;
                }
            }
            mask &= ~(1u << 31);
        }
        for (; mask; mask &= ~(1u << *length)) {
            *length = 31 - (size_t)__builtin_clz(mask);
            int32_t id = find_prefix(table, piece, *length);
            if (id >= 0) return id;
        }
    }
    for (*length = count < 2 ? count : 2; *length > 0; (*length)--) {
        int32_t id = find_prefix(table, piece, *length);
        if (id >= 0) return id;
    }
    return -1;
}

/// Appends the ids of the word as pieces, or the unknown id.
static void append_pieces(reading *r) {
    const attune_bert *t = r->tokenizer;
    int32_t pieces[WORD_BYTES];
    size_t count = 0;
    for (size_t done = 0, length; done < r->length; done += length) {
        // The word as a whole is known not to be a token.
        pieces[count] = done == 0 ? longest(t->tokens, &t->first, r->word, r->length - 1, &length)
                                  : longest(t->continuations, &t->next, r->word + done, r->length - done, &length);
        if (pieces[count++] < 0) {
            append_id(r, t->settings.unknown_id);
            return;
        }
    }
    for (size_t i = 0; i < count; i++) append_id(r, pieces[i]);
}

/// Whether the word has more characters than are looked up.
static int is_overlong(const reading *r) {
    size_t limit = r->tokenizer->settings.maximum_characters, characters = 0;
    if (r->is_overlong) return 1;
    if (r->length <= limit) return 0;
    for (size_t i = 0; i < r->length; i++) characters += (r->word[i] & 0xC0) != 0x80;
    return characters > limit;
}

static void end_word(reading *r) {
    if (r->length == 0) return;
    memset(r->word + r->length, 0, INLINE_KEY);
    if (is_overlong(r)) {
        append_id(r, r->tokenizer->settings.unknown_id);
    } else {
        int32_t id = r->length <= INLINE_KEY ? find_prefix(r->tokenizer->tokens, r->word, r->length)
                                             : attune_byte_table_find_long(r->tokenizer->tokens, r->word, r->length);
        if (id >= 0) append_id(r, id); else append_pieces(r);
    }
    r->length = 0;
    r->is_overlong = 0;
}

/// Appends a character to the word, or ends the word at it: the pre-tokenizer's part.
static void append_character(reading *r, const uint8_t *bytes, size_t length, uint16_t properties) {
    if (properties & (WHITESPACE | PUNCTUATION)) end_word(r);
    if (properties & WHITESPACE) return;
    if (r->length >= WORD_BYTES) {
        r->is_overlong = 1;
        return;
    }
    memcpy(r->word + r->length, bytes, length);
    r->length += length;
    if (properties & PUNCTUATION) end_word(r);
}

static void append_scalar(reading *r, uint32_t scalar) {
    uint8_t bytes[4];
    append_character(r, bytes, utf8_write(scalar, bytes), attune_unicode_properties(scalar));
}

// MARK: Characters beyond ASCII

static void append_cased(reading *r, uint32_t scalar) {
    uint32_t image;
    if (!r->tokenizer->settings.lowercases || !(attune_unicode_properties(scalar) & LOWERCASES)) {
        append_scalar(r, scalar);
        return;
    }
    for (int i = 0; (image = attune_unicode_lowercase(scalar, i)) != 0; i++) append_scalar(r, image);
}

static void release(reading *r) {
    for (size_t i = 0; i < r->held_count; i++) append_cased(r, r->held[i]);
    r->held_count = 0;
}

/// Holds a character back, in canonical order: by class, equal classes as they came.
static void hold(reading *r, uint32_t scalar, uint8_t class) {
    if (r->held_count == HELD) {
        r->is_unsupported = 1;
        return;
    }
    size_t place = r->held_count++;
    for (; place > 0 && r->held_classes[place - 1] > class; place--) {
        r->held[place] = r->held[place - 1];
        r->held_classes[place] = r->held_classes[place - 1];
    }
    r->held[place] = scalar;
    r->held_classes[place] = class;
}

/// Appends a character that has no decomposition, unless it is a mark.
static void append_decomposed(reading *r, uint32_t scalar) {
    uint16_t properties = attune_unicode_properties(scalar);
    if (properties & REORDERS) {
        if (!(properties & MARK)) hold(r, scalar, (uint8_t)(properties >> 8));
        return;
    }
    release(r);
    if (!(properties & MARK)) append_cased(r, scalar);
}

/// Appends a character that at least one step of the normalizer changes; `treated` are its properties that do.
static void append_treated(reading *r, uint32_t scalar, uint16_t treated) {
    if (treated & REMOVED) return;
    if (treated & (WHITESPACE | IDEOGRAPH)) {
        release(r);
        end_word(r);
        if (treated & WHITESPACE) return;
    }
    if (treated & DECOMPOSES) {
        uint32_t part;
        for (int i = 0; (part = attune_unicode_decomposition(scalar, i)) != 0; i++) append_decomposed(r, part);
    } else if (r->tokenizer->settings.strips_accents) {
        append_decomposed(r, scalar);
    } else {
        append_cased(r, scalar);
    }
    if (treated & IDEOGRAPH) {
        release(r);
        end_word(r);
    }
}

static const uint8_t *append_wide(reading *r, const uint8_t *at, const uint8_t *end) {
    size_t length;
    uint32_t scalar = utf8_read(at, end, &length);
    uint16_t properties = attune_unicode_properties(scalar), treated = properties & r->tokenizer->treated;
    if (treated) {
        append_treated(r, scalar, treated);
    } else {
        release(r);
        append_character(r, at, length, properties);
    }
    return at + length;
}

// MARK: Added tokens

static int is_word_character(const uint8_t *at, const uint8_t *end) {
    size_t length;
    return (attune_unicode_properties(utf8_read(at, end, &length)) & WORD) != 0;
}

static int stands_alone(const uint8_t *text, const uint8_t *begin, const uint8_t *behind, const uint8_t *end) {
    if (begin > text) {
        const uint8_t *before = begin - 1;
        while (before > text && begin - before < 4 && (*before & 0xC0) == 0x80) before--;
        if (is_word_character(before, end)) return 0;
    }
    return behind == end || !is_word_character(behind, end);
}

/// The longest added token at a place; its length is 0 where there is none.
static int32_t added_token(const attune_bert *t, const uint8_t *at, const uint8_t *end, size_t *length) {
    size_t left = (size_t)(end - at), longest = t->added_lengths[*at];
    for (*length = left < longest ? left : longest; *length > 0; (*length)--) {
        int32_t place = attune_byte_table_find(t->added_contents, at, *length);
        if (place >= 0) return place;
    }
    return -1;
}

/// Takes an added token that begins at a place; returns what is behind it, or NULL where none counts.
///
/// White space that it takes along separates words and has no ids: nothing is to be done about it here.
static const uint8_t *take_added(
    reading *r, const uint8_t *text, const uint8_t *at, const uint8_t *end) {
    if ((size_t)(at - text) < r->hidden) return NULL;
    size_t length;
    int32_t place = added_token(r->tokenizer, at, end, &length);
    if (place < 0) return NULL;
    // A token that does not count still hides those that overlap it.
    r->hidden = (size_t)(at - text) + length;
    if (r->tokenizer->added[place].is_single_word && !stands_alone(text, at, at + length, end)) return NULL;
    release(r);
    end_word(r);
    append_id(r, r->tokenizer->added[place].id);
    return at + length;
}

// MARK: Texts

typedef uint8_t bytes16 __attribute__((vector_size(16)));

/// The images of letters and digits of ASCII, zero for all other bytes.
static bytes16 plain_images(bytes16 bytes, uint8_t case_bit) {
    bytes16 upper = (bytes16)((bytes - 'A') < 26), lower = (bytes16)((bytes - 'a') < 26);
    bytes16 digit = (bytes16)((bytes - '0') < 10);
    return (bytes & (upper | lower | digit)) + (upper & case_bit);
}

/// How many bytes of a key there are before its first zero.
static size_t key_length(uint64_t low, uint64_t high) {
    uint64_t ones = 0x0101010101010101u, tops = ones << 7;
    // The lowest top bit that is set stands for a zero byte; those above may not.
    uint64_t zeros = (low - ones) & ~low & tops;
    if (zeros) return (size_t)__builtin_ctzll(zeros) / 8;
    zeros = (high - ones) & ~high & tops;
    return zeros ? 8 + (size_t)__builtin_ctzll(zeros) / 8 : INLINE_KEY;
}

/// At the start of a word: appends a word of at most 15 ASCII letters and digits, or what is no word of one byte, without
/// writing it down. A longer word is begun. Returns what is behind, or NULL where another character comes first.
static const uint8_t *append_plain(reading *r, const uint8_t *at, const uint8_t *end) {
    const attune_bert *t = r->tokenizer;
    bytes16 bytes = {0};
    if (end - at >= INLINE_KEY) {
        memcpy(&bytes, at, INLINE_KEY);
    } else {
        memcpy(&bytes, at, (size_t)(end - at));
    }
    bytes = plain_images(bytes, t->case_bit);
    uint64_t key[2];
    memcpy(key, &bytes, INLINE_KEY);
    size_t length = key_length(key[0], key[1]);
    if (length == 0) {
        uint8_t kind = t->kinds[*at];
        if (t->added_lengths[*at] > 0 || (kind != SEPARATOR && kind != SINGLE)) return NULL;
        if (kind == SINGLE) append_id(r, t->singles[*at]);
        return at + 1;
    }
    if (length <= 8) {
        key[0] &= UINT64_MAX >> 8 * (8 - length);
        key[1] = 0;
    } else {
        key[1] &= UINT64_MAX >> 8 * (INLINE_KEY - length);
    }
    at += length;
    int is_ended = at == end || t->kinds[*at] == SEPARATOR || t->kinds[*at] == SINGLE;
    int32_t id = is_ended ? find_inline(t->tokens, key[0], key[1], length) : -1;
    if (id >= 0) {
        append_id(r, id);
    } else {
        memcpy(r->word, key, INLINE_KEY);
        memset(r->word + INLINE_KEY, 0, INLINE_KEY);
        r->length = length;
        if (!is_ended) return at;
        append_pieces(r);
        r->length = 0;
    }
    return at != end && t->kinds[*at] == SEPARATOR && t->added_lengths[*at] == 0 ? at + 1 : at;
}

/// Appends the ASCII characters of a run that stay in one word.
static const uint8_t *append_run(reading *r, const uint8_t *at, const uint8_t *end) {
    const attune_bert *t = r->tokenizer;
    if (r->held_count > 0) release(r);
    const uint8_t *stop = (size_t)(end - at) > WORD_BYTES ? at + WORD_BYTES : end;
    if (r->length >= WORD_BYTES) {
        r->is_overlong = 1;
        r->length = 1;
    }
    uint8_t *out = r->word + r->length, *out_end = r->word + WORD_BYTES;
    *out++ = t->images[*at++];
    for (uint8_t image; at < stop && out < out_end && (image = t->run_images[*at]) != 0; at++) *out++ = image;
    r->length = (size_t)(out - r->word);
    return at;
}

static const uint8_t *append_byte(reading *r, const uint8_t *at, const uint8_t *end) {
    const attune_bert *t = r->tokenizer;
    switch (t->kinds[*at]) {
    case PART: return append_run(r, at, end);
    case WIDE: return append_wide(r, at, end);
    case DROPPED: return at + 1;
    default:
        if (r->held_count > 0) release(r);
        end_word(r);
        if (t->kinds[*at] == SINGLE) append_id(r, t->singles[*at]);
        return at + 1;
    }
}

attune_bert_state attune_bert_encode(
    const attune_bert *t, const uint8_t *text, size_t count, attune_bert_cursor *cursor, int32_t *ids, size_t capacity,
    size_t *id_count) {
    reading r;
    r.tokenizer = t;
    r.ids = ids;
    r.capacity = capacity;
    r.hidden = cursor->hidden;
    r.count = r.length = r.held_count = 0;
    r.is_full = r.is_unsupported = r.is_overlong = 0;
    cursor->safe_count = 0;
    const uint8_t *at = text ? text + cursor->position : NULL, *end = text ? text + count : NULL;
    while (at != end && !r.is_full) {
        if (r.length == 0 && r.held_count == 0) {
            cursor->position = (size_t)(at - text);
            cursor->hidden = r.hidden;
            cursor->safe_count = r.count;
            if (r.count == capacity) {
                r.is_full = 1;
                break;
            }
        }
        if (t->case_bit != NOT_PLAIN && r.length == 0 && r.held_count == 0) {
            const uint8_t *behind = append_plain(&r, at, end);
            if (behind) {
                at = behind;
                continue;
            }
        }
        const uint8_t *behind = t->added_lengths[*at] > 0 ? take_added(&r, text, at, end) : NULL;
        at = behind ? behind : append_byte(&r, at, end);
        if (r.is_unsupported) return ATTUNE_BERT_UNSUPPORTED;
    }
    release(&r);
    end_word(&r);
    *id_count = r.count;
    if (r.is_full) return ATTUNE_BERT_FULL;
    cursor->position = count;
    cursor->safe_count = r.count;
    return ATTUNE_BERT_DONE;
}
