// Checksums: CRC-32C and SHA-256, with the processor's instructions where it has them.
#ifndef ATTUNE_DIGEST_H
#define ATTUNE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#if defined(__clang__)
#pragma clang assume_nonnull begin
#else
#define _Nonnull
#define _Nullable
#endif

/// CRC-32C (Castagnoli, RFC 3720) of the bytes. `seed` is 0 to begin with, or the result so far to go on.
uint32_t attune_crc32c(uint32_t seed, const void *_Nullable bytes, size_t count);

/// The same by table, without special instructions.
uint32_t attune_crc32c_portable(uint32_t seed, const void *_Nullable bytes, size_t count);

/// A SHA-256 (FIPS 180-4) under way. Copying it forks the computation.
typedef struct attune_sha256 {
    uint32_t state[8];
    uint64_t count;           ///< bytes so far
    uint8_t pending[64];      ///< the bytes of the block not yet full
    int portable;             ///< set to 1 after init to do without the processor's SHA instructions
} attune_sha256;

void attune_sha256_init(attune_sha256 *context);
void attune_sha256_update(attune_sha256 *context, const void *_Nullable bytes, size_t count);
/// Writes the 32 bytes of the digest. The context must be initialised again before further use.
void attune_sha256_final(attune_sha256 *context, uint8_t *digest);
/// Whether this processor has SHA instructions.
int attune_sha256_has_instructions(void);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#endif
