// Tokens and ids in both directions, and the scanner that takes them out of a tokenizer.json.
#include "byte_table.h"
#include "utf8.h"

#include <stdlib.h>

typedef struct entry {
    uint32_t start, length;
    int32_t id;
} entry;

struct attune_vocabulary {
    uint8_t *bytes;
    size_t byte_count, byte_capacity;
    entry *entries;
    size_t count, capacity;
    /// Which entry has each id, counted from 1; 0 where none has.
    uint32_t *by_id;
    size_t bound;
    attune_byte_table *table;
};

attune_vocabulary *attune_vocabulary_create(void) { return calloc(1, sizeof(attune_vocabulary)); }

void attune_vocabulary_free(attune_vocabulary *vocabulary) {
    if (!vocabulary) return;
    free(vocabulary->bytes);
    free(vocabulary->entries);
    free(vocabulary->by_id);
    attune_byte_table_free(vocabulary->table);
    free(vocabulary);
}

/// Makes room for a token of at most `length` bytes. Returns 0, or -1 where there is none.
static int reserve(attune_vocabulary *v, size_t length) {
    if (length > UINT32_MAX - v->byte_count) return -1;
    if (v->byte_count + length > v->byte_capacity) {
        size_t capacity = v->byte_capacity * 2 + length + 4096;
        uint8_t *bytes = realloc(v->bytes, capacity);
        if (!bytes) return -1;
        v->bytes = bytes;
        v->byte_capacity = capacity;
    }
    if (v->count == v->capacity) {
        size_t capacity = v->capacity * 2 + 1024;
        entry *entries = realloc(v->entries, capacity * sizeof *entries);
        if (!entries) return -1;
        v->entries = entries;
        v->capacity = capacity;
    }
    return 0;
}

/// Takes the `length` bytes behind the last token as one more.
static void take(attune_vocabulary *v, size_t length, int32_t id) {
    v->entries[v->count++] = (entry){(uint32_t)v->byte_count, (uint32_t)length, id};
    v->byte_count += length;
    if ((size_t)id >= v->bound) v->bound = (size_t)id + 1;
}

int attune_vocabulary_add(attune_vocabulary *v, const uint8_t *token, size_t length, int32_t id) {
    if (id < 0 || id >= ATTUNE_TOKEN_LIMIT || reserve(v, length) != 0) return -1;
    if (length > 0) memcpy(v->bytes + v->byte_count, token, length);
    take(v, length, id);
    return 0;
}

int attune_vocabulary_finish(attune_vocabulary *v) {
    v->table = attune_byte_table_create(v->count);
    v->by_id = calloc(v->bound + 1, sizeof *v->by_id);
    if (!v->table || !v->by_id) return -1;
    for (size_t i = 0; i < v->count; i++) {
        entry e = v->entries[i];
        if (v->by_id[e.id] != 0) return -1;
        v->by_id[e.id] = (uint32_t)(i + 1);
        if (attune_byte_table_insert(v->table, v->bytes + e.start, e.length, e.id) != -1) return -1;
    }
    return 0;
}

size_t attune_vocabulary_count(const attune_vocabulary *v) { return v->count; }

size_t attune_vocabulary_bound(const attune_vocabulary *v) { return v->bound; }

size_t attune_vocabulary_maximum_length(const attune_vocabulary *v) { return v->table->maximum_length; }

const attune_byte_table *attune_vocabulary_table(const attune_vocabulary *v) { return v->table; }

int32_t attune_vocabulary_find(const attune_vocabulary *v, const uint8_t *token, size_t length) {
    return attune_byte_table_find(v->table, token, length);
}

const uint8_t *attune_vocabulary_token(const attune_vocabulary *v, int32_t id, size_t *length) {
    if (id < 0 || (size_t)id >= v->bound || v->by_id[id] == 0) return NULL;
    const entry *e = &v->entries[v->by_id[id] - 1];
    *length = e->length;
    return v->bytes + e->start;
}

// MARK: Reading

/// A place in a document. Every function below returns 0, or -1 where it meets what it does not know.
typedef struct scanner {
    const uint8_t *at, *end;
} scanner;

static int peek(scanner *s) {
    while (s->at < s->end && (*s->at == ' ' || *s->at == '\n' || *s->at == '\r' || *s->at == '\t')) s->at++;
    return s->at < s->end ? *s->at : -1;
}

static int expect(scanner *s, int byte) {
    if (peek(s) != byte) return -1;
    s->at++;
    return 0;
}

/// Passes over a string. Gives its bytes as they are written.
static int skip_string(scanner *s, const uint8_t **begin, size_t *length) {
    if (expect(s, '"') != 0) return -1;
    *begin = s->at;
    for (; s->at < s->end; s->at++) {
        if (*s->at == '"') {
            *length = (size_t)(s->at - *begin);
            s->at++;
            return 0;
        }
        if (*s->at == '\\' && ++s->at == s->end) return -1;
    }
    return -1;
}

static int skip_value(scanner *s) {
    const uint8_t *begin;
    size_t length, depth = 0;
    do {
        switch (peek(s)) {
        case -1: return -1;
        case '"':
            if (skip_string(s, &begin, &length) != 0) return -1;
            break;
        case '{': case '[':
            depth++;
            s->at++;
            break;
        case '}': case ']':
            if (depth == 0) return -1;
            depth--;
            s->at++;
            break;
        case ',': case ':':
            if (depth == 0) return -1;
            s->at++;
            break;
        default:
            while (s->at < s->end && !memchr(",:{}[]\" \n\r\t", *s->at, 11)) s->at++;
        }
    } while (depth > 0);
    return 0;
}

/// How many bytes the character at `at` has, where it is well-formed (Unicode Standard, table 3-7); else 0.
static size_t character_length(const uint8_t *at, const uint8_t *end) {
    size_t left = (size_t)(end - at);
    uint8_t a = at[0], low = 0x80, high = 0xBF;
    size_t length = a >= 0xC2 && a <= 0xDF ? 2 : a >= 0xE0 && a <= 0xEF ? 3 : a >= 0xF0 && a <= 0xF4 ? 4 : 0;
    if (length == 0 || length > left) return 0;
    if (a == 0xE0) low = 0xA0;
    if (a == 0xED) high = 0x9F;
    if (a == 0xF0) low = 0x90;
    if (a == 0xF4) high = 0x8F;
    if (at[1] < low || at[1] > high) return 0;
    for (size_t i = 2; i < length; i++) {
        if ((at[i] & 0xC0) != 0x80) return 0;
    }
    return length;
}

/// Four hexadecimal digits; -1 where there are none.
static int32_t code_unit(scanner *s) {
    if (s->end - s->at < 4) return -1;
    int32_t unit = 0;
    for (int i = 0; i < 4; i++) {
        uint8_t c = *s->at++, letter = c | 0x20;
        int32_t digit = c >= '0' && c <= '9' ? c - '0' : letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
        if (digit < 0) return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

/// Writes what an escape behind its backslash stands for; returns how many bytes, at most 4, or 0.
static size_t read_escape(scanner *s, uint8_t *out) {
    static const char letters[] = "\"\\/bfnrt", images[] = "\"\\/\b\f\n\r\t";
    if (s->at == s->end) return 0;
    uint8_t letter = *s->at++;
    if (letter != 'u') {
        const char *found = memchr(letters, letter, sizeof letters - 1);
        if (!found) return 0;
        out[0] = (uint8_t)images[found - letters];
        return 1;
    }
    int32_t first = code_unit(s);
    if (first < 0 || (first >= 0xDC00 && first < 0xE000)) return 0;
    uint32_t scalar = (uint32_t)first;
    if (first >= 0xD800 && first < 0xDC00) {
        if (s->end - s->at < 2 || s->at[0] != '\\' || s->at[1] != 'u') return 0;
        s->at += 2;
        int32_t second = code_unit(s);
        if (second < 0xDC00 || second >= 0xE000) return 0;
        scalar = 0x10000 + (((uint32_t)first - 0xD800) << 10 | ((uint32_t)second - 0xDC00));
    }
    return utf8_write(scalar, out);
}

/// Reads a token, decoded, to behind the last one; gives its length.
static int read_token(attune_vocabulary *v, scanner *s, size_t *length) {
    const uint8_t *begin;
    size_t written;
    scanner whole = *s;
    // What is decoded is never longer than what is written.
    if (skip_string(&whole, &begin, &written) != 0 || reserve(v, written) != 0) return -1;
    uint8_t *out = v->bytes + v->byte_count;
    scanner inner = {begin, begin + written};
    while (inner.at < inner.end) {
        uint8_t byte = *inner.at;
        if (byte < 0x20) return -1;
        if (byte == '\\') {
            inner.at++;
            size_t bytes = read_escape(&inner, out);
            if (bytes == 0) return -1;
            out += bytes;
        } else if (byte < 0x80) {
            *out++ = byte;
            inner.at++;
        } else {
            size_t bytes = character_length(inner.at, inner.end);
            if (bytes == 0) return -1;
            memcpy(out, inner.at, bytes);
            out += bytes;
            inner.at += bytes;
        }
    }
    *length = (size_t)(out - (v->bytes + v->byte_count));
    s->at = whole.at;
    return 0;
}

/// Reads an id: a whole number in plain digits.
static int read_id(scanner *s, int32_t *id) {
    int digit = peek(s);
    const uint8_t *begin = s->at;
    *id = 0;
    while (s->at < s->end && *s->at >= '0' && *s->at <= '9' && s->at - begin < 9) *id = *id * 10 + (*s->at++ - '0');
    if (s->at == begin || (digit == '0' && s->at - begin > 1) || *id >= ATTUNE_TOKEN_LIMIT) return -1;
    // Anything that goes on, such as a fraction, is no such number.
    int next = s->at < s->end ? *s->at : -1;
    return next == ',' || next == '}' || next == ' ' || next == '\n' || next == '\r' || next == '\t' ? 0 : -1;
}

static int read_members(attune_vocabulary *v, scanner *s) {
    if (expect(s, '{') != 0) return -1;
    if (peek(s) == '}') {
        s->at++;
        return 0;
    }
    for (;;) {
        size_t length;
        int32_t id;
        if (peek(s) != '"' || read_token(v, s, &length) != 0 || expect(s, ':') != 0 || read_id(s, &id) != 0) return -1;
        take(v, length, id);
        int next = peek(s);
        if (next != ',' && next != '}') return -1;
        s->at++;
        if (next == '}') return 0;
    }
}

/// Begins an object, or goes on to its next member: gives the key and stops at the value. Returns 1 at the object's end.
static int next_member(scanner *s, int *is_first, const uint8_t **key, size_t *length) {
    if (expect(s, *is_first ? '{' : peek(s) == '}' ? '}' : ',') != 0) return -1;
    if (s->at[-1] == '}') return 1;
    if (*is_first && peek(s) == '}') {
        s->at++;
        return 1;
    }
    *is_first = 0;
    if (peek(s) != '"' || skip_string(s, key, length) != 0 || expect(s, ':') != 0 || peek(s) < 0) return -1;
    // A key that is written with escapes may be any.
    return memchr(*key, '\\', *length) ? -1 : 0;
}

static int is_key(const uint8_t *key, size_t length, const char *name) {
    return length == strlen(name) && memcmp(key, name, length) == 0;
}

/// Looks through the members of `model` for `vocab`.
static int read_model(attune_vocabulary *v, scanner *s, const uint8_t **begin, const uint8_t **end) {
    const uint8_t *key;
    size_t length;
    int is_first = 1, state;
    while ((state = next_member(s, &is_first, &key, &length)) == 0) {
        if (!is_key(key, length, "vocab")) {
            if (skip_value(s) != 0) return -1;
            continue;
        }
        if (*begin) return -1;
        *begin = s->at;
        if (read_members(v, s) != 0) return -1;
        *end = s->at;
    }
    return state == 1 ? 0 : -1;
}

int attune_vocabulary_read(
    attune_vocabulary *v, const uint8_t *bytes, size_t count, size_t *begin, size_t *end) {
    scanner s = {bytes, bytes + count};
    const uint8_t *key, *object = NULL, *object_end = NULL;
    size_t length;
    int is_first = 1, state, models = 0;
    while ((state = next_member(&s, &is_first, &key, &length)) == 0) {
        if (!is_key(key, length, "model")) {
            if (skip_value(&s) != 0) return -1;
        } else if (models++ > 0 || read_model(v, &s, &object, &object_end) != 0) {
            return -1;
        }
    }
    if (state != 1 || !object) return -1;
    *begin = (size_t)(object - bytes);
    *end = (size_t)(object_end - bytes);
    return 0;
}
