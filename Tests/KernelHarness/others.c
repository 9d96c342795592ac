// What has no instruction sets of its own: the choice of a table, checksums, text and the system, by known values.
#include "harness.h"

#include <attune_digest.h>
#include <attune_system.h>
#include <attune_text.h>

#include <stdlib.h>
#include <string.h>

// The choice of a table

void test_dispatch(void) {
    static const char *names[] = {"scalar", "avx2", "avx512", "avx512vnni", "avx512bf16", "neon"};
    const attune_kernels *best = NULL, *table = NULL;
    begin(NULL, "attune_kernels_find", 0);
    if (attune_kernels_find(NULL, &best) != attune_isa_ok || best == NULL) fail("no best level");
    if (best != levels[level_count - 1]) fail("%s is not the best level", best->name);
    if (attune_kernels_find("", &table) != attune_isa_ok || table != best) fail("an empty name is not the best level");
    if (attune_kernels_find("AVX2", &table) != attune_isa_unknown || table != best) fail("AVX2 is known");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        begin(NULL, "attune_kernels_find", i);
        const attune_isa_status status = attune_kernels_find(names[i], &table);
        if (status == attune_isa_unknown) fail("%s is unknown", names[i]);
        if (status == attune_isa_ok && strcmp(table->name, names[i]) != 0) fail("%s gave %s", names[i], table->name);
        if (status == attune_isa_unsupported && table != best) fail("%s, which there is not, gave no table", names[i]);
#if defined(__aarch64__)
        const int is_of_another = strncmp(names[i], "avx", 3) == 0, is_certain = i == 0 || i == 5;
#elif defined(__x86_64__)
        const int is_of_another = i == 5, is_certain = i == 0;
#else
        const int is_of_another = i > 0, is_certain = i == 0;
#endif
        if (is_of_another && status != attune_isa_unsupported) fail("%s on this processor", names[i]);
        if (is_certain && status != attune_isa_ok) fail("no %s", names[i]);
    }
    // Every function of every table, whatever stands there.
    for (size_t i = 0; i < level_count; i++) {
        begin(levels[i], "table", i);
        const char *end = (const char *)(levels[i] + 1);
        for (const char *p = (const char *)levels[i]; p < end; p += sizeof(void *)) {
            void *entry;
            memcpy(&entry, p, sizeof entry);
            if (entry == NULL) fail("entry %td is missing", (p - (const char *)levels[i]) / (ptrdiff_t)sizeof entry);
        }
    }
}

// Checksums

static void expect_crc32c(const void *bytes, size_t count, uint32_t expected) {
    begin(NULL, "attune_crc32c", count);
    const uint32_t found = attune_crc32c(0, bytes, count), portable = attune_crc32c_portable(0, bytes, count);
    expect_same(&found, &expected, 1, 4);
    expect_same(&portable, &expected, 1, 4);
}

static void expect_sha256(const void *bytes, size_t count, const char *expected) {
    for (int portable = 0; portable < 2; portable++) {
        begin(NULL, portable ? "attune_sha256, portable" : "attune_sha256", count);
        attune_sha256 context;
        uint8_t digest[32];
        attune_sha256_init(&context);
        if (portable) context.portable = 1;
        // In pieces of which none is a block.
        for (size_t i = 0; i < count; i += 1001) {
            attune_sha256_update(&context, (const char *)bytes + i, count - i < 1001 ? count - i : 1001);
        }
        attune_sha256_final(&context, digest);
        for (size_t i = 0; i < 32; i++) {
            const char pair[3] = {expected[2 * i], expected[2 * i + 1], 0};
            expect_near(digest[i], (double)strtoul(pair, NULL, 16), 0, i);
        }
    }
}

void test_digest(void) {
    uint8_t bytes[32];
    expect_crc32c(NULL, 0, 0);
    expect_crc32c("123456789", 9, 0xe3069283);
    memset(bytes, 0, sizeof bytes);
    expect_crc32c(bytes, 32, 0x8a9136aa);
    memset(bytes, 0xff, sizeof bytes);
    expect_crc32c(bytes, 32, 0x62a8ab43);
    for (int i = 0; i < 32; i++) bytes[i] = (uint8_t)i;
    expect_crc32c(bytes, 32, 0x46dd794e);
    for (int i = 0; i < 32; i++) bytes[i] = (uint8_t)(31 - i);
    expect_crc32c(bytes, 32, 0x113fdb5c);
    for (size_t n = 0; n <= 130; n++) {
        // To the end of a page, in two pieces and by the other way.
        uint8_t *x = place(n, 0);
        for (size_t i = 0; i < n; i++) x[i] = (uint8_t)random_bits();
        expect_crc32c(x, n, attune_crc32c(attune_crc32c_portable(0, x, n / 3), x + n / 3, n - n / 3));
        check_guards();
    }

    expect_sha256("", 0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect_sha256("abc", 3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect_sha256(
        "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 56,
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    const size_t million = 1000000;
    char *letters = malloc(million);
    if (letters == NULL) fail("no memory");
    memset(letters, 'a', million);
    expect_sha256(letters, million, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    free(letters);
}

// Text

static const uint8_t *utf8(const char *text) { return (const uint8_t *)text; }

/// The ids of a text by a tokenizer that lowercases and strips accents; any where none are given.
static void expect_ids(const attune_bert *tokenizer, const char *text, const int32_t *expected, size_t count) {
    begin(NULL, "attune_bert_encode", strlen(text));
    const size_t length = strlen(text);
    const uint8_t *bytes = place_copy(text, length, 0);
    int32_t *ids = place(4 * 16, 0);
    size_t found = 0;
    attune_bert_cursor cursor = {0};
    if (attune_bert_encode(tokenizer, bytes, length, &cursor, ids, 16, &found) != ATTUNE_BERT_DONE) fail("not done");
    if (expected && found != count) fail("%zu ids, not %zu", found, count);
    if (expected) expect_same(ids, expected, count, 4);
    check_guards();
}

static void test_tokenizer(void) {
    static const char *tokens[] = {"[UNK]", "hello", "world", "##s", ",", "caf", "##e", "\xe4\xb8\xad"};
    attune_vocabulary *vocabulary = attune_vocabulary_create();
    if (vocabulary == NULL) fail("no memory");
    for (int32_t id = 0; id < 8; id++) {
        if (attune_vocabulary_add(vocabulary, utf8(tokens[id]), strlen(tokens[id]), id) != 0) fail("token %d", id);
    }
    if (attune_vocabulary_finish(vocabulary) != 0) fail("the vocabulary is not finished");
    const attune_bert_settings settings = {
        .cleans_text = 1, .separates_ideographs = 1, .strips_accents = 1, .lowercases = 1, .unknown_id = 0,
        .maximum_characters = 100,
    };
    attune_bert *tokenizer = attune_bert_create(vocabulary, settings, utf8("##"), 2);
    if (tokenizer == NULL) fail("no memory");
    const int32_t greeting[] = {1, 4, 2, 3}, accents[] = {5, 6, 3, 0, 7, 7};
    expect_ids(tokenizer, "Hello, WORLDS", greeting, 4);
    expect_ids(tokenizer, "caf\xc3\x89s xyz \xe4\xb8\xad\xe4\xb8\xad", accents, 6);
    expect_ids(tokenizer, "", greeting, 0);
    // What is no UTF-8 gives some ids; nothing behind a character that is cut off is read.
    expect_ids(tokenizer, "hello \xe4\xb8", NULL, 0);
    expect_ids(tokenizer, "hello \xf0", NULL, 0);
    attune_bert_free(tokenizer);
    attune_vocabulary_free(vocabulary);
}

static void test_vocabulary(void) {
    const char *json =
        "{\"a\": [1, \"}\"], \"model\": {\"type\": \"WordPiece\", \"vocab\": {\"x\": 0, \"\\u00e9\\n\": 7}}}";
    begin(NULL, "attune_vocabulary_read", strlen(json));
    const uint8_t *bytes = place_copy(json, strlen(json), 0);
    attune_vocabulary *vocabulary = attune_vocabulary_create();
    size_t start = 0, end = 0;
    if (vocabulary == NULL) fail("no memory");
    if (attune_vocabulary_read(vocabulary, bytes, strlen(json), &start, &end) != 0) fail("not read");
    if (json[start] != '{' || json[end - 1] != '}') fail("from %zu to %zu", start, end);
    if (attune_vocabulary_finish(vocabulary) != 0) fail("the vocabulary is not finished");
    expect_near(attune_vocabulary_find(vocabulary, utf8("\xc3\xa9\n"), 3), 7, 0, 0);
    expect_near(attune_vocabulary_find(vocabulary, utf8("y"), 1), -1, 0, 1);
    attune_vocabulary_free(vocabulary);
    check_guards();
}

void test_text(void) {
    begin(NULL, "attune_unicode", 0);
    expect_near(attune_unicode_decomposition(0xe9, 0), 0x65, 0, 0);
    expect_near(attune_unicode_decomposition(0xe9, 1), 0x301, 0, 1);
    expect_near(attune_unicode_decomposition(0xac01, 2), 0x11a8, 0, 2);  // a syllable of Hangul
    expect_near(attune_unicode_lowercase(0x130, 0), 0x69, 0, 3);
    expect_near(attune_unicode_lowercase(0x130, 1), 0x307, 0, 4);
    expect_near(attune_unicode_lowercase(0x3a9, 0), 0x3c9, 0, 5);
    expect_near(attune_unicode_properties(0x301) >> 8, 230, 0, 6);
    expect_near(attune_unicode_properties(0x110000), 0, 0, 7);
    test_tokenizer();
    test_vocabulary();
}

void test_system(void) {
    begin(NULL, "attune_allowed_cores", 0);
    if (attune_allowed_cores() < 1) fail("no core to run on");
    begin(NULL, "attune_spin_hint", 0);
    for (int i = 0; i < 100; i++) attune_spin_hint();
}
