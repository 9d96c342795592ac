// What the two files of SHA-256 share.
#ifndef ATTUNE_SHA256_H
#define ATTUNE_SHA256_H

#include "../include/attune_digest.h"

extern const uint32_t attune_sha256_constants[64];

/// Works `blocks` blocks of 64 bytes into the state; only where attune_sha256_has_instructions().
void attune_sha256_compress_ni(uint32_t state[8], const uint8_t *bytes, size_t blocks);

#endif
